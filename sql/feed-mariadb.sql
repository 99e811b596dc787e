-- The role of a host in the shared feed: it reads, it adds, and it can neither change nor remove what was recorded.
-- As root, after `concierge db upgrade --feed`:    mariadb concierge < feed-mariadb.sql
-- Then one user for each host:
--     CREATE USER concierge_warsaw@'10.0.1.5' IDENTIFIED BY '…' REQUIRE SSL;
--     GRANT concierge_writer TO concierge_warsaw@'10.0.1.5';
--     SET DEFAULT ROLE concierge_writer FOR concierge_warsaw@'10.0.1.5';
CREATE ROLE IF NOT EXISTS concierge_writer;
GRANT SELECT ON alembic_version TO concierge_writer;
GRANT SELECT, INSERT ON feed_event TO concierge_writer;
GRANT SELECT, UPDATE ON feed_counter TO concierge_writer;
-- contacts are counted by caps for all sites: what became of one is the only thing that changes
GRANT SELECT, INSERT, UPDATE (state, expires_at, outcome) ON contact TO concierge_writer;
GRANT SELECT, UPDATE ON cap_lock TO concierge_writer;
GRANT SELECT, INSERT, UPDATE ON feed_host TO concierge_writer;
