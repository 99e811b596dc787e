"""The schema, portable between SQLite and PostgreSQL. Times are microseconds since 1970 UTC, numbers E.164 integers.

Migrations sum up to these tables exactly (tested).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.mysql import LONGTEXT

SCHEMA = "0013"  # the newest migration; a database at another revision is not read

LOADING, DONE, UNDONE = "loading", "done", "undone"  # an import: not yet in force, in force, taken back

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only

list_event = Table(
    "list_event",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("campaign", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("reason", Text, nullable=False),
    Column("source", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("last", BigInteger, nullable=False, server_default="0"),  # the end of a range; 0: one number
    Column("allow", Integer, nullable=False, server_default="0"),
    Column("batch", String(36), nullable=False, server_default=""),
    Column("removes", Text, nullable=False, server_default="[]"),  # ids of events, JSON
    Column("site", String(64), nullable=False, server_default=""),  # empty: recorded on this host
    UniqueConstraint("event_id"),
    Index(None, "number", "campaign"),
    Index(None, "batch"),
    sqlite_autoincrement=True,
)

entry = Table(
    "entry",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),
    Column("campaign", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last", BigInteger, nullable=False, server_default="0"),  # the end of a range; 0: one number
    Column("allow", Integer, nullable=False, server_default="0"),
    Column("batch", String(36), nullable=False, server_default=""),  # the import it stands and falls with
    UniqueConstraint("number", "last", "campaign", "allow"),
    Index(None, "batch"),
    sqlite_autoincrement=True,
)

# whoever gives an entry another number by hand tells every index in memory so; Concierge itself never does
_RENUMBERED = """
CREATE TRIGGER entry_renumbered AFTER UPDATE OF id, number, last ON entry
WHEN OLD.id IS NOT NEW.id OR OLD.number IS NOT NEW.number OR OLD.last IS NOT NEW.last
BEGIN
    INSERT INTO sync_state (key, value) VALUES ('by-hand', '1')
    ON CONFLICT (key) DO UPDATE SET value = value + 1;
END
"""
_renumbered = DDL(_RENUMBERED)  # type: ignore[no-untyped-call]
event.listen(entry, "after_create", _renumbered.execute_if(dialect="sqlite"))

# the few entries of more than one number
Index("ix_entry_ranges", entry.c.number, entry.c.last, sqlite_where=entry.c.last > 0)

batch = Table(
    "batch",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False),
    Column("content", String(64), nullable=False),  # SHA-256 of what was imported, and how
    Column("state", String(10), nullable=False),  # loading, done, undone
    Column("name", String(200), nullable=False),
    Column("format", String(20), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("listings", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", String(200), nullable=False),
    Column("site", String(64), nullable=False, server_default=""),  # empty: imported on this host
    Column("feed_state", String(10), nullable=False, server_default=""),  # what the other sites know of it
    UniqueConstraint("id"),
    Index(None, "content"),
    sqlite_autoincrement=True,
)

# how far this host is with the shared feed
sync_state = Table(
    "sync_state",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

# Two tables of the shared database. A position is taken from the one row of the counter, whose lock is held until the
# commit: whoever has read a position has read all before it. `chain` is a hash over everything up to there.
feed_counter = Table(
    "feed_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("chain", String(64), nullable=False),
)

feed_event = Table(
    "feed_event",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(36), nullable=False),
    Column("site", String(64), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("number", BigInteger),
    Column("version", Integer, nullable=False),
    Column("body", Text().with_variant(LONGTEXT(), "mysql", "mariadb"), nullable=False),  # JSON, ASCII
    Column("chain", String(64), nullable=False),
    UniqueConstraint("event_id"),
    Index(None, "number"),
)

# who has reported a key press: its event has one row or, when both witnesses saw it, two
event_witness = Table(
    "event_witness",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("report_id", String(36), nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("witness", String(20), nullable=False),
    Column("press", String(250), nullable=False),  # PBX, leg and key
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("fraction", Integer, nullable=False),  # 0: `at` is known to the second only
    Column("evidence", Text, nullable=False),
    UniqueConstraint("report_id"),
    Index(None, "press"),
    Index(None, "event_id"),
    sqlite_autoincrement=True,
)

# times in which key presses may have gone unheard
listening_gap = Table(
    "listening_gap",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("gap_id", String(36), nullable=False),
    Column("system", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("reason", Text, nullable=False),
    Column("missed", BigInteger),
    Column("state", String(20), nullable=False),
    Column("how", Text, nullable=False),  # what reconciled it, or why nothing could
    Column("channel", String(200), nullable=False),  # empty: all calls of the PBX
    Column("settled_at", BigInteger),
    UniqueConstraint("gap_id"),
    Index(None, "state"),
    sqlite_autoincrement=True,
)

# what each host says of itself; in the shared database
feed_host = Table(
    "feed_host",
    metadata,
    Column("site", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("outbox", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # by the server's clock
)

call_check = Table(
    "call_check",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("dialled", String(100), nullable=False),
    Column("number", BigInteger),
    Column("campaign", String(64), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("entry_id", BigInteger),
    Column("via", String(20), nullable=False),
    Column("caller", String(100), nullable=False),
    Column("channel", String(200), nullable=False),
    Column("uniqueid", String(150), nullable=False),
    Index(None, "number", "at"),
    sqlite_autoincrement=True,
)

# keys of FreePBX's blacklist that the bridge has dealt with
astdb_key = Table(
    "astdb_key",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("campaign", String(64), nullable=False),
    Column("origin", String(10), nullable=False),  # here, there
    Column("state", String(10), nullable=False),
    Column("value", Text, nullable=False),
    Column("event_id", String(36), nullable=False),  # the listing that it brought; empty: none
)

# who has read the list
list_access = Table(
    "list_access",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("via", String(10), nullable=False),
    Column("action", String(20), nullable=False),
    Column("question", Text, nullable=False),
    Column("number", BigInteger),
    Column("answered", BigInteger, nullable=False),  # rows
    Index(None, "number"),
    sqlite_autoincrement=True,
)

# a called leg that no allow token of the gate was on
bypass = Table(
    "bypass",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("system", String(40), nullable=False),
    Column("number", BigInteger),
    Column("dialled", String(200), nullable=False),
    Column("channel", String(200), nullable=False),
    Column("uniqueid", String(150), nullable=False),
    Column("linkedid", String(150), nullable=False),
    Column("caller", String(200), nullable=False),
    Column("place", String(200), nullable=False),  # context,extension,priority of the caller's channel
    Column("campaign", String(64), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("action", String(20), nullable=False),
    Column("took_ms", Integer),  # from the dial until the leg was hung up
    UniqueConstraint("system", "uniqueid"),
    Index(None, "number", "at"),
    sqlite_autoincrement=True,
)

# how a caller fared: no number, only what the figures need
incoming = Table(
    "incoming",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("system", String(40), nullable=False),
    Column("uniqueid", String(150), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("wait_ms", BigInteger, nullable=False),
    Column("length_ms", BigInteger, nullable=False),
    Column("menus", Integer, nullable=False),
    Column("menu", String(80), nullable=False),
    Column("happening", String(20), nullable=False),
    Column("guard", String(40), nullable=False),
    UniqueConstraint("system", "uniqueid"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)

# The chain over the rows of evidence, see models.evidence; its positions are given under the write lock.
evidence_link = Table(
    "evidence_link",
    metadata,
    Column("position", _Id, primary_key=True, autoincrement=False),
    Column("source", String(20), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index(None, "source", "last"),
)


# what is known beside the list, appended and never edited: campaigns, consents and withdrawals, complaints
fact = Table(
    "fact",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("number", BigInteger),
    Column("subject", String(200), nullable=False),  # a campaign, a consent's topic, a complaint
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Column("site", String(64), nullable=False),  # empty: recorded on this host
    UniqueConstraint("event_id"),
    Index(None, "number", "kind"),
    Index(None, "kind", "seq"),
    sqlite_autoincrement=True,
)

# calls that the gate let go, counted by caps; in the shared database those of all sites
contact = Table(
    "contact",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("campaign", String(64), nullable=False),
    Column("product", String(200), nullable=False),
    Column("value", String(200), nullable=False),
    Column("person", String(100), nullable=False),
    Column("matter", String(100), nullable=False),
    Column("state", String(12), nullable=False),
    Column("expires_at", BigInteger),
    Column("site", String(64), nullable=False),
    Column("consent", BigInteger, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("uniqueid", String(150), nullable=False),
    Column(
        "told", String(60), nullable=False
    ),  # state and outcome as the shared database knows them; empty: not at all
    UniqueConstraint("id"),
    Index(None, "number", "at"),
    Index(None, "campaign", "at"),
    sqlite_autoincrement=True,
)
Index("ix_contact_person", contact.c.person, contact.c.at)
Index("ix_contact_matter", contact.c.matter, contact.c.at)
Index("ix_contact_uniqueid", contact.c.uniqueid)
_with_outcome = contact.c.outcome != ""
Index("ix_contact_outcome", contact.c.number, sqlite_where=_with_outcome, postgresql_where=_with_outcome)
ANSWERED = text("state IN ('conversation', 'abandoned')")  # SQLite takes the index for the same words only
Index(
    "ix_contact_answered",
    *(contact.c[name] for name in ("at", "campaign", "state", "number")),
    sqlite_where=ANSWERED,
    postgresql_where=ANSWERED,
)

# rows to lock in the shared database: one call at a time reserves what falls on the same row
cap_lock = Table("cap_lock", metadata, Column("slot", Integer, primary_key=True, autoincrement=False))
CAP_LOCKS = 256

# what is owed to callers: one row per matter, and everything that has happened to it
callback = Table(
    "callback",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("kind", String(10), nullable=False),
    Column("number", BigInteger, nullable=False),  # 0: what was written could not be read
    Column("written", String(40), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("language", String(20), nullable=False),
    Column("waited", Integer, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger),
    Column("done_at", BigInteger),
    Column("outcome", Text, nullable=False),
    Index(None, "state", "due_at"),
    Index(None, "number"),
    sqlite_autoincrement=True,
)

callback_event = Table(
    "callback_event",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("callback_id", BigInteger, nullable=False),
    Column("event_id", String(200), nullable=False),
    Column("what", String(10), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("event_id"),
    Index(None, "callback_id"),
    sqlite_autoincrement=True,
)


def is_contact() -> ColumnElement[bool]:
    """Was this check a contact? A question asked by a person at the command line is none."""
    return (call_check.c.verdict == "ALLOW") & (call_check.c.via != "cli")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """An aware datetime -> microseconds since 1970 UTC, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Microseconds since 1970 UTC -> an aware datetime (UTC)."""
    return _EPOCH + timedelta(microseconds=micros)
