"""What was recorded shows whether it was touched, where, and that what was rightly removed is no fault."""

import hashlib
import importlib.util
import json
import os
import random
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.wiring import upgrade_store
from models import facts
from models.consent import Act, ConsentEvent
from models.errors import StoreError
from models.evidence.chain import START, Link, chain_of, sign
from models.evidence.checkpoint import Checkpoint, checkpoint_path, lines, read_line
from models.evidence.key import key_path, load_key, load_or_make_key
from models.evidence.sources import SOURCES
from models.evidence.verify import verify
from models.retention import Purge
from models.store import Store
from models.suppression import Kind
from models.tables import SCHEMA, metadata

_found = importlib.util.spec_from_file_location("tampering", Path(__file__).parents[2] / "fuzz" / "tampering.py")
tampering = importlib.util.module_from_spec(_found)
_found.loader.exec_module(tampering)


def whats(path: Path) -> list[str]:
    return [str(one) for one in verify(path).findings]


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.fixture
def filled(db, make) -> Path:
    """30 checks in 10 transactions of 3, 5 listings."""
    with closing(Store(db)) as store:
        for number in range(10):
            store.write_checks([make.answer(make.PERSON + number + n) for n in range(3)])
        for number in range(5):
            store.record(make.event(make.PERSON + number))
    return db


def test_an_untouched_database_has_no_findings(filled):
    found = verify(filled)
    assert (found.findings, found.links, found.rows) == ([], 15, 35)


def test_a_new_database_has_none_either(db):
    assert verify(db).findings == []


def test_every_column_of_every_source_is_bound_or_said_not_to_be():
    for source in SOURCES.values():
        table = metadata.tables[source.table]
        assert {*source.columns, *source.later, *source.unbound} == {column.name for column in table.c}
        assert source.columns[0] == "seq"


def test_a_changed_row_is_named(filled):
    execute(filled, "UPDATE call_check SET verdict = 'ALLOW', reason = 'not-listed ' WHERE seq = 14")
    (found,) = whats(filled)
    assert found.startswith("call_check 14: it was changed after 20")


def test_a_changed_row_whose_leaf_was_changed_too_is_found_within_its_transaction(filled):
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("UPDATE call_check SET campaign = 'x' WHERE seq = 14")
        source = SOURCES["check"]
        rows = connection.execute(f"{source.select} WHERE seq BETWEEN 13 AND 15 ORDER BY seq").fetchall()
        leaves = b"".join(source.digest(row)[:8] for row in rows)
        connection.execute("UPDATE evidence_link SET leaves = ? WHERE source = 'check' AND first = 13", (leaves,))
        connection.commit()
    link, rows = whats(filled)
    assert link.startswith("link 5 (call_check 13 to 15, recorded ") and "does not follow" in link
    assert rows.startswith("call_check 13 to 15 (link 5")


def test_a_deleted_row_is_named(filled):
    execute(filled, "DELETE FROM call_check WHERE seq = 14")
    (found,) = whats(filled)
    assert found.startswith("call_check 14: it is missing")


def test_a_row_that_was_put_in_is_named_also_after_further_writes(filled, make):
    execute(
        filled,
        "INSERT INTO call_check (at, recorded_at, dialled, number, campaign, verdict, reason, detail, via, caller,"
        " channel, uniqueid) SELECT at, recorded_at, dialled, number, campaign, verdict, reason, detail, via, caller,"
        " channel, uniqueid FROM call_check WHERE seq = 3",
    )
    with closing(Store(filled)) as store:
        store.write_checks([make.answer()])
    assert whats(filled) == ["call_check 31: no link has it: it was put in, or its link was taken out"]


def test_swapped_rows_are_named(filled):
    execute(
        filled,
        "UPDATE call_check SET seq = -1 WHERE seq = 4",
        "UPDATE call_check SET seq = 4 WHERE seq = 5",
        "UPDATE call_check SET seq = 5 WHERE seq = -1",
    )
    assert [one.split(":")[0] for one in whats(filled)] == ["call_check 4", "call_check 5"]


def test_what_was_cut_off_at_the_end_is_found_by_the_checkpoint(filled):
    execute(
        filled,
        "DELETE FROM list_event WHERE seq = 5",
        "DELETE FROM entry WHERE id = 5",
        "DELETE FROM evidence_link WHERE position = 15",
    )
    (found,) = whats(filled)
    assert "the chain ends at link 14: link 15 were cut off" in found or "the chain ends at link 14" in found


def test_what_was_cut_off_is_found_although_the_chain_has_grown_again(filled, make):
    execute(
        filled,
        "DELETE FROM call_check WHERE seq > 27",
        "DELETE FROM list_event",
        "DELETE FROM entry",
        "DELETE FROM evidence_link WHERE position > 9",
        "UPDATE sqlite_sequence SET seq = 27 WHERE name = 'call_check'",
    )
    with closing(Store(filled)) as store:
        for _ in range(20):
            store.write_checks([make.answer()])
    (found,) = whats(filled)
    assert "at link 15: the chain was another one then" in found


def test_a_checkpoint_that_was_kept_elsewhere_counts_too(filled):
    head = verify(filled).head
    checkpoint_path(filled).unlink()
    execute(filled, "DELETE FROM list_event", "DELETE FROM entry", "DELETE FROM evidence_link WHERE source = 'event'")
    assert verify(filled).findings == []
    (found,) = verify(filled, [head]).findings
    assert "link 11 to 15" in str(found) or "links 11 to 15" in str(found)


def test_a_chain_that_was_made_anew_without_the_key_is_found(filled):
    execute(filled, "UPDATE call_check SET verdict = 'ALLOW'", "DELETE FROM evidence_link")
    key_path(filled).unlink()
    checkpoint = checkpoint_path(filled).read_bytes()
    checkpoint_path(filled).unlink()
    with closing(Store(filled)) as store, store.writing() as connection:
        store.remove_rows(connection, "check", [1], "a forger's own chain", "forger")
    checkpoint_path(filled).write_bytes(checkpoint)
    assert any("not a checkpoint that this host has signed" in one for one in whats(filled))


def test_a_link_that_another_key_has_signed_is_named(filled):
    with closing(sqlite3.connect(filled)) as connection:
        chain = connection.execute("SELECT chain FROM evidence_link WHERE position = 7").fetchone()[0]
        connection.execute("UPDATE evidence_link SET mac = ? WHERE position = 7", (sign(b"another", chain),))
        connection.commit()
    (found,) = whats(filled)
    assert found.startswith("link 7 (call_check 19 to 21") and "signature" in found


def test_a_list_that_says_other_than_its_events_is_found(filled):
    execute(filled, "UPDATE entry SET revoked_at = 1 WHERE number = 48601234567")
    assert whats(filled) == ["entry of +48601234567: it is in force and its events say that it is not, or the reverse"]


@pytest.mark.parametrize("statement", ["DELETE FROM entry WHERE id = 1", "UPDATE entry SET number = number + 100"])
def test_an_entry_that_is_missing_or_that_nobody_made_is_found(filled, statement):
    execute(filled, statement)
    assert any("it is missing, or its events are" in one for one in whats(filled))


def test_rows_that_were_removed_rightly_leave_a_chain_that_proves_the_rest(filled):
    with closing(Store(filled)) as store:
        with store.writing() as connection:
            assert store.remove_rows(connection, "check", [*range(1, 11), 20, 999], "retention", "ann") == 11
        found = verify(filled)
        assert (found.findings, found.removed) == ([], 11)
        assert store.compact_evidence("retention", "ann") == 3
        found = verify(filled)
        assert (found.findings, found.links) == ([], 14)
    execute(filled, "UPDATE call_check SET verdict = 'x' WHERE seq = 21")
    assert [one.split(":")[0] for one in whats(filled)] == ["call_check 21"]


def test_a_row_that_goes_without_a_signed_link_is_missing_although_others_went_rightly(filled):
    with closing(Store(filled)) as store, store.writing() as connection:
        store.remove_rows(connection, "check", [1, 2], "retention", "ann")
    execute(filled, "DELETE FROM call_check WHERE seq = 3")
    assert [one.split(":")[0] for one in whats(filled)] == ["call_check 3"]


def test_a_forged_removal_covers_nothing(filled):
    with closing(sqlite3.connect(filled)) as connection:
        head = connection.execute("SELECT position, chain FROM evidence_link ORDER BY position DESC").fetchone()
        payload = json.dumps({"source": "check", "rows": [[4, 6]], "digests": {}, "why": "", "actor": ""})
        from models.evidence.chain import payload_root

        link = Link(head[0] + 1, "removal", 0, 0, 0, payload_root(payload), 1, payload)
        chain = chain_of(head[1], link)
        connection.execute(
            "INSERT INTO evidence_link VALUES (?, 'removal', 0, 0, 0, ?, 1, ?, x'', ?, ?)",
            (link.position, link.root, payload, chain, sign(b"guess", chain)),
        )
        connection.execute("DELETE FROM call_check WHERE seq BETWEEN 4 AND 6")
        connection.commit()
    found = whats(filled)
    assert any("signature" in one for one in found) and sum("it is missing" in one for one in found) == 3


def test_rows_from_before_the_chain_are_covered_by_its_first_links(filled, make):
    execute(filled, "DELETE FROM evidence_link")
    checkpoint_path(filled).unlink()
    with closing(Store(filled)) as store:
        store.write_checks([make.answer()])
    assert whats(filled) == []
    execute(filled, "UPDATE call_check SET caller = 'nobody' WHERE seq = 2")
    assert [one.split(":")[0] for one in whats(filled)] == ["call_check 2"]


def test_an_upgrade_covers_what_is_there(filled):
    from concierge.wiring import upgrade_store
    from migrations import run
    from models.store import open_alone

    with open_alone(filled) as connection:
        run.downgrade(connection, "0004")
    for beside in (key_path(filled), checkpoint_path(filled)):
        beside.unlink()
    assert upgrade_store(filled) == SCHEMA
    found = verify(filled)
    assert (found.findings, found.rows, found.links) == ([], 35, 2)


def test_an_import_that_another_one_cleans_up_leaves_a_chain_that_proves_the_rest(db, store):
    from models.errors import StoreError as Broken

    def broken():
        for number in range(3000):
            yield tampering.listed(tampering.FIRST + number, batch="b1")
        raise Broken("killed")

    from models.imports import Batch, Imports

    with pytest.raises(Broken):
        Imports(store).load(Batch("b1", "c1", "one", "csv", "ann", tampering.NOW), broken())
    tampering.imported(store, tampering.FIRST, 10, "two")
    found = verify(db)
    assert found.findings == [] and found.removed > 1
    store.compact_evidence("", "")
    assert verify(db).findings == []


def test_a_transaction_that_is_taken_back_leaves_no_link(store, db, make):
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        store.remove_rows(connection, "check", [1], "", "")
        store.seal(connection, "check", 0)
        raise ZeroDivisionError
    store.write_checks([make.answer()])
    assert whats(db) == []


def test_two_processes_write_one_chain(db, make):
    with closing(Store(db)) as one, closing(Store(db)) as other:
        for _ in range(10):
            one.write_checks([make.answer()])
            other.record(make.event(kind=Kind.ADD))
    found = verify(db)
    assert (found.findings, found.links) == ([], 20)
    assert read_line(lines(checkpoint_path(db))[-1], load_key(db)).position == 20


def test_the_checkpoint_is_one_line_a_day(filled, make):
    path, key = checkpoint_path(filled), load_key(filled)
    assert len(lines(path)) == 1
    from models.evidence.checkpoint import written

    old = read_line(lines(path)[0], key)
    path.write_bytes(written(key, Checkpoint(old.position, old.chain, old.at - 86_400_000_000)))
    with closing(Store(filled)) as store:
        store.write_checks([make.answer()])
        store.write_checks([make.answer()])
    assert [read_line(line, key).position for line in lines(path)] == [15, 17]
    assert whats(filled) == []


def test_a_checkpoint_that_cannot_be_written_stops_no_call(db, make, caplog):
    checkpoint_path(db).mkdir()
    with closing(Store(db)) as store:
        store.write_checks([make.answer()])
        store.write_checks([make.answer()])
    assert caplog.text.count("evidence=no-checkpoint") == 1


def test_the_key_is_for_its_owner_only(db, make):
    key = load_or_make_key(db)
    assert stat.S_IMODE(key_path(db).stat().st_mode) == 0o600 and load_key(db) == key == load_or_make_key(db)
    key_path(db).chmod(0o640)
    with closing(Store(db)) as store, pytest.raises(StoreError, match=r"others can read the key.*chmod 600"):
        store.write_checks([make.answer()])
    with pytest.raises(StoreError, match="chmod 600"):
        verify(db)


def test_what_is_no_key_is_said(db):
    os.close(os.open(key_path(db), os.O_CREAT | os.O_WRONLY, 0o600))
    with pytest.raises(StoreError, match="no key"):
        load_key(db)
    key_path(db).write_text("xyz\n")
    with pytest.raises(StoreError, match="no key"):
        load_key(db)


def test_the_chain_can_be_recomputed_with_sha256_and_json_alone(filled):
    """As docs/evidence.md says it."""
    from hashlib import sha256

    with closing(sqlite3.connect(filled)) as connection:
        row = connection.execute("SELECT * FROM call_check WHERE seq = 1").fetchone()
        more = connection.execute("SELECT * FROM call_check WHERE seq IN (2, 3) ORDER BY seq").fetchall()
        digests = [sha256(json.dumps(["check", *one], separators=(",", ":")).encode()).digest() for one in (row, *more)]
        query = "SELECT root, leaves, at, chain FROM evidence_link WHERE position = 1"
        root, leaves, at, chain = connection.execute(query).fetchone()
    assert root == sha256(b"".join(digests)).digest()
    assert leaves == b"".join(one[:8] for one in digests)
    own = json.dumps([1, "check", 1, 3, 3, root.hex(), leaves.hex(), at], separators=(",", ":"))
    assert chain == sha256(START + own.encode()).digest()


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=5),
    st.text(max_size=8),
    st.sampled_from(['],["event",', '["event",', '"],["event","', '\\"],[\\"event\\",', "\udc80", "\0"]),
)


@given(st.lists(st.lists(CELLS, min_size=17, max_size=17), max_size=6))
def test_the_digests_of_many_rows_are_those_of_each(rows):
    apart = [json.dumps(["event", *row], separators=(",", ":"), default=repr) for row in rows]
    assert SOURCES["event"].digests(rows) == [hashlib.sha256(one.encode()).digest() for one in apart]


@pytest.mark.parametrize("seed", range(2))
def test_every_manipulation_is_found(tmp_path, seed):
    """A share of what `python tests/fuzz/tampering.py 1000` does."""
    path = tmp_path / "list.db"
    tampering.build(path, random.Random(seed), rows=30)
    tampering.flatten(path)
    assert verify(path).findings == []
    missed = [done for done, found in tampering.manipulations(path, 60, seed) if not found]
    assert missed == []


def consents(store, *acts):
    made = [
        facts.fact_of(ConsentEvent(uuid4(), act, 48601234567, datetime.now(UTC), "form", "cards", "call", "scan 17"))
        for act in acts
    ]
    facts.record(store, made)


def test_a_consent_that_was_changed_put_in_or_taken_out_is_named(db):
    with closing(Store(db)) as store:
        for act in (Act.GRANT, Act.WITHDRAW, Act.GRANT):
            consents(store, act)
    assert (verify(db).findings, verify(db).rows) == ([], 3)
    execute(db, "UPDATE fact SET body = replace(body, 'scan 17', 'scan 18') WHERE seq = 1")
    execute(db, "DELETE FROM fact WHERE seq = 2")
    execute(
        db, "INSERT INTO fact SELECT 9, 'x', kind, number, subject, at, 1, source, '', body, site FROM fact LIMIT 1"
    )
    assert [what.split(":")[0] for what in whats(db)] == ["fact 1", "fact 2", "fact 9"]


def test_a_person_s_consents_that_are_forgotten_leave_the_chain_whole(db):
    with closing(Store(db)) as store:
        consents(store, Act.GRANT, Act.WITHDRAW)
        assert Purge(store, "anna", shared=True).forget(48601234567).facts == 2
        assert "scan 17" not in str(facts.read(store, *facts.CONSENTS))
        assert len(facts.read(store, *facts.CONSENTS)) == 2
    assert verify(db).findings == []


def test_consents_from_before_the_chain_knew_of_them_join_it_with_the_upgrade(db, make):
    with closing(Store(db)) as store:
        store.write_checks([make.answer()])
    copied = "INSERT INTO fact SELECT {}, '{}', 'grant', 1, '', 1, 1, 's', 'a', '{{}}', ''"
    execute(db, copied.format(1, "x"), copied.format(2, "y"))
    assert [what.split(":")[0] for what in whats(db)] == ["fact 1", "fact 2"]
    upgrade_store(db)
    assert verify(db).findings == []
    with closing(Store(db)) as store:
        consents(store, Act.WITHDRAW)
    assert (verify(db).findings, verify(db).rows) == ([], 4)
    execute(db, copied.format(9, "z"))
    upgrade_store(db)
    assert [what.split(":")[0] for what in whats(db)] == ["fact 9"], "what is put in later joins nothing"


def test_the_digests_of_a_link_are_bound_even_when_none_of_its_rows_is_left(filled):
    """They prove nothing any more then; but nobody has changed anything unseen."""
    with closing(Store(filled)) as store, store.writing() as connection:
        store.remove_rows(connection, "check", range(1, 7), "retention", "concierge")
    assert whats(filled) == []
    execute(filled, "UPDATE evidence_link SET leaves = zeroblob(length(leaves)) WHERE position = 2")
    assert "does not follow" in whats(filled)[0]


def test_a_row_that_two_links_have_is_found_when_it_was_changed_or_is_gone(db, make):
    """As chains have it whose first transaction was another site's page of events and facts."""
    with closing(Store(db)) as store:
        store.record(make.event())
        with store.writing() as connection:
            store.seal(connection, "event", 1)
        store.record(make.event(make.OTHER))
    assert whats(db) == []
    execute(db, "UPDATE list_event SET reason = 'other' WHERE seq = 1")
    assert any(one.startswith("list_event 1: it was changed") for one in whats(db))
    execute(db, "DELETE FROM list_event WHERE seq = 1")
    assert any(one.startswith("list_event 1: it is missing") for one in whats(db))


def test_a_row_that_two_links_have_may_be_removed_and_both_compacted(db, make):
    with closing(Store(db)) as store:
        store.record(make.event())
        with store.writing() as connection:
            store.seal(connection, "event", 1)
        store.record(make.event(make.OTHER))
        with store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM entry WHERE number = ?", (make.PERSON,))
            assert store.remove_rows(connection, "event", [1], "past its time", "me") == 1
        assert whats(db) == []
        store.compact_evidence("past its time", "me")
    assert whats(db) == []
