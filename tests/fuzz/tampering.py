"""Changes one thing in a database of evidence, as somebody with an editor would: a bit, a row, two rows, the end.

By hand:  python tests/fuzz/tampering.py [COUNT] [SEED]    every manipulation must be found, and none where none was.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from concierge.wiring import upgrade_store
from models import facts
from models.consent import Act, ConsentEvent
from models.contact import Answer, History, Question
from models.evidence.verify import Finding, verify
from models.imports import Batch, Imports
from models.number import Number
from models.policy import Reason, allow, refuse
from models.store import Store
from models.suppression import ALL, Kind, ListEvent

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = 48_601_000_000
# the columns that may change at any time, and the name of an entry within its host, which proves nothing
UNBOUND = {("batch", "feed_state"), ("entry", "id")}
TABLES = ("call_check", "list_event", "batch", "entry", "evidence_link", "bypass", "fact")


def listed(number: int, kind: Kind = Kind.ADD, campaign: str = ALL, **more) -> ListEvent:
    return ListEvent(uuid4(), kind, number, campaign, NOW, "asked by letter", "letter", **more)


def asked(number: int, at: datetime, allowed: bool) -> Answer:
    decision = allow(Reason.NOT_LISTED) if allowed else refuse(Reason.LISTED, "asked by letter")
    question = Question(f"+{number}", "spring", "agi", "100", "PJSIP/out-1", "1763.42")
    return Answer(question, Number(number), decision, History(), at)


def consent(number: int, act: Act) -> facts.Fact:
    return facts.fact_of(ConsentEvent(uuid4(), act, number, NOW, "form", "cards", "call", "scan 17"))


def imported(store: Store, start: int, count: int, name: str) -> str:
    identity = str(uuid4())
    rows = (ListEvent(uuid4(), Kind.ADD, start + n, ALL, NOW, "registry", "file", batch=identity) for n in range(count))
    Imports(store).load(Batch(identity, sha256(name.encode()).hexdigest(), name, "csv", "ann", NOW), rows)
    return identity


def build(path: Path, roll: random.Random, rows: int = 60) -> None:
    """A small list with everything in it: checks, listings, removals, imports, one taken back, rows removed."""
    upgrade_store(path)
    with closing(Store(path)) as store:
        for number in range(rows):
            store.record(listed(FIRST + number, expires_at=NOW + timedelta(days=number) if number % 5 == 0 else None))
            if number % 7 == 0:
                store.record(listed(FIRST + number, Kind.REMOVE))
            if number % 11 == 0:
                store.record(listed(FIRST + number, campaign="spring"))
            size = roll.randrange(1, 8)
            store.write_checks(
                [asked(FIRST + roll.randrange(200), NOW + timedelta(minutes=number), n % 3 > 0) for n in range(size)]
            )
            if number % 9 == 0:
                facts.record(store, [consent(FIRST + number, act) for act in Act])
        imported(store, FIRST + rows // 2, rows, "one")
        gone = imported(store, FIRST + rows, rows, "two")
        Imports(store).undo(gone, "ann", NOW)
        with store.writing() as connection:
            store.remove_rows(connection, "check", [*range(1, 20), 25, 30], "retention", "concierge")
        store.compact_evidence("retention", "concierge")
        store.record(listed(FIRST - 1))


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if (table, row[1]) not in UNBOUND]


def key_of(table: str) -> str:
    return {"evidence_link": "position", "entry": "id"}.get(table, "seq")


def rows_of(connection: sqlite3.Connection, table: str) -> list[int]:
    return [row[0] for row in connection.execute(f"SELECT {key_of(table)} FROM {table}")]


def some_table(connection: sqlite3.Connection, roll: random.Random, least: int = 1) -> str:
    return roll.choice([table for table in TABLES if len(rows_of(connection, table)) >= least])


def flip(value: object, roll: random.Random) -> object:
    """One bit of what SQLite holds."""
    if value is None:
        return roll.randrange(2)
    if isinstance(value, int):
        return value ^ (1 << roll.randrange(max(2, value.bit_length())))
    data = bytearray(value.encode() if isinstance(value, str) else bytes(value))  # type: ignore[call-overload]
    if not data:
        return "x" if isinstance(value, str) else b"x"
    data[roll.randrange(len(data))] ^= 1 << roll.randrange(8)
    return data.decode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(data)


def bit(connection: sqlite3.Connection, roll: random.Random) -> str:
    table = some_table(connection, roll)
    seq = roll.choice(rows_of(connection, table))
    column = roll.choice(columns_of(connection, table))
    query = f"SELECT {column} FROM {table} WHERE {key_of(table)} = ?"
    value = flip(connection.execute(query, (seq,)).fetchone()[0], roll)
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    place = f"CAST(? AS {'TEXT' if isinstance(value, str) else 'BLOB' if isinstance(value, bytes) else 'INTEGER'})"
    change = f"UPDATE {table} SET {column} = {place} WHERE {key_of(table)} = ?"
    connection.execute(change, (raw, seq))
    return f"a bit of {table}.{column} in row {seq}"


def deletion(connection: sqlite3.Connection, roll: random.Random) -> str:
    table = some_table(connection, roll)
    seq = roll.choice(rows_of(connection, table))
    connection.execute(f"DELETE FROM {table} WHERE {key_of(table)} = ?", (seq,))
    return f"row {seq} of {table} deleted"


def copy(connection: sqlite3.Connection, roll: random.Random) -> str:
    """A row is put in, with the content of another one."""
    table = roll.choice(["call_check", "bypass", "evidence_link"])
    seqs = rows_of(connection, table)
    if not seqs:
        return copy(connection, roll)
    names = [name for name in columns_of(connection, table) if name not in ("seq", "position")]
    wanted = roll.choice([max(seqs) + 1, min(set(range(1, max(seqs) + 2)) - set(seqs))])
    values = f"SELECT ?, {', '.join(names)} FROM {table} WHERE {key_of(table)} = ?"
    connection.execute(
        f"INSERT INTO {table} ({key_of(table)}, {', '.join(names)}) {values}", (wanted, roll.choice(seqs))
    )
    return f"row {wanted} of {table} put in"


def swap(connection: sqlite3.Connection, roll: random.Random) -> str:
    """Two rows change places."""
    table = roll.choice(["call_check", "list_event", "evidence_link"])
    one, other = roll.sample(rows_of(connection, table), 2)
    key = key_of(table)
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute(f"UPDATE {table} SET {key} = ? WHERE {key} = ?", (new, old))
    return f"rows {one} and {other} of {table} swapped"


def truncation(connection: sqlite3.Connection, roll: random.Random) -> str:
    """The newest links go, with their rows."""
    links = rows_of(connection, "evidence_link")
    start = roll.choice(links)
    rows = connection.execute("SELECT source, first, last FROM evidence_link WHERE position >= ?", (start,)).fetchall()
    tables = {"check": "call_check", "event": "list_event", "import": "batch", "bypass": "bypass", "fact": "fact"}
    for source, first, last in rows:
        if source in tables:
            connection.execute(f"DELETE FROM {tables[source]} WHERE seq BETWEEN ? AND ?", (first, last))
    connection.execute("DELETE FROM evidence_link WHERE position >= ?", (start,))
    return f"cut off from link {start}"


KINDS: tuple[Callable[[sqlite3.Connection, random.Random], str], ...] = (
    bit,
    bit,
    bit,
    deletion,
    copy,
    swap,
    truncation,
)


def one(connection: sqlite3.Connection, roll: random.Random) -> str:
    """One that SQLite's own constraints let through."""
    while True:
        try:
            return roll.choice(KINDS)(connection, roll)
        except sqlite3.IntegrityError:
            connection.rollback()


def manipulations(original: Path, count: int, seed: int) -> Iterator[tuple[str, list[Finding]]]:
    """What was done to a copy, and what was found."""
    roll = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="concierge-tampering-") as folder:
        path = Path(folder) / original.name
        for extra in ("", ".key", ".checkpoint"):
            shutil.copy(str(original) + extra, str(path) + extra)
        for _ in range(count):
            shutil.copy(original, path)
            for log in ("-wal", "-shm"):
                Path(str(path) + log).unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as connection:
                done = one(connection, roll)
                connection.commit()
            yield done, verify(path).findings


def main() -> int:
    count, seed = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 1000), (2, 1)))
    missed = false = 0
    with tempfile.TemporaryDirectory(prefix="concierge-tampering-") as folder:
        for number in range(20):
            path = Path(folder) / f"list-{number}.db"
            build(path, random.Random(seed * 1000 + number))
            flatten(path)
            false += len(verify(path).findings)
            for done, found in manipulations(path, count // 20, seed * 1000 + number):
                if not found:
                    missed += 1
                    print("NOT FOUND:", done)
    print(f"{count // 20 * 20} manipulations of 20 databases: {missed} not found, {false} found where there was none")
    return 1 if missed or false else 0


def flatten(path: Path) -> None:
    """Everything into the file, so that it can be copied alone."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


if __name__ == "__main__":
    sys.exit(main())
