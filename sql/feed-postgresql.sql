-- The role of a host in the shared feed: it reads, it adds, and it can neither change nor remove what was recorded.
-- After `concierge db upgrade --feed`, as a superuser (the owner may make no roles):
--     sudo -u postgres psql -d concierge -v ON_ERROR_STOP=1 < feed-postgresql.sql
-- Then one login for each host:
--     CREATE ROLE concierge_warsaw LOGIN IN ROLE concierge_writer;
--     \password concierge_warsaw
SELECT 'CREATE ROLE concierge_writer NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'concierge_writer') \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, concierge_writer;
GRANT USAGE ON SCHEMA public TO concierge_writer;
GRANT SELECT ON alembic_version TO concierge_writer;
GRANT SELECT, INSERT ON feed_event TO concierge_writer;
GRANT SELECT, UPDATE (last, chain) ON feed_counter TO concierge_writer;
-- contacts are counted by caps for all sites: what became of one is the only thing that changes
GRANT SELECT, INSERT, UPDATE (state, expires_at, outcome) ON contact TO concierge_writer;
GRANT USAGE ON SEQUENCE contact_seq_seq TO concierge_writer;
GRANT SELECT, UPDATE ON cap_lock TO concierge_writer;
GRANT SELECT, INSERT, UPDATE ON feed_host TO concierge_writer;
