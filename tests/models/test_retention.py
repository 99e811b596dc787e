"""What a purge takes, and what it never takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import note as show
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from models import facts
from models.access import UNFINISHED, Access, accesses, note, noted
from models.callback import State as Promise
from models.campaign import Campaign
from models.caps import Cap, Contact, State
from models.consent import Act, ConsentEvent, Standing, standing
from models.contact import Answer
from models.contacts import row_of
from models.errors import StoreError
from models.evidence.verify import verify
from models.imports import Batch, Imports
from models.policy import Listed
from models.reader import Reader
from models.retention import FORGOTTEN, Cutoffs, Gone, Purge
from models.store import Store
from models.suppression import Kind
from models.sync import state
from models.tables import (
    batch,
    call_check,
    callback,
    callback_event,
    contact,
    entry,
    event_witness,
    list_event,
    to_micros,
)
from models.witness import AMI, Report, record

PERSON = 48601234567
FUTURE = datetime.now(UTC) + timedelta(days=4000)  # whatever is recorded in a test is past its time then


def count(store, table):
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def purge(store, **more):
    return Purge(store, "somebody", **more)


@pytest.fixture
def imports(store):
    return Imports(store)


def loaded(imports, events):
    new = Batch(str(uuid4()), uuid4().hex, "x.csv", "csv", "somebody", datetime.now(UTC))
    return imports.load(new, (replace(one, batch=new.id) for one in events))


def test_old_checks_go_and_young_ones_stay(store, make):
    store.write_checks([make.answer(at=make.NOW - make.day * days) for days in range(1200)])
    assert purge(store, dry=True).run(Cutoffs(checks=make.NOW - make.day * 100)) == Gone(checks=1099)
    assert count(store, call_check) == 1200
    assert purge(store).run(Cutoffs(checks=make.NOW - make.day * 100)) == Gone(checks=1099)
    assert len(store.checks()) == 101


def test_nothing_goes_without_a_limit(store, make):
    store.write_checks([make.answer()])
    store.record(make.event(expires_at=make.NOW - make.day))
    assert purge(store).run(Cutoffs()) == Gone()
    assert (count(store, call_check), count(store, entry)) == (1, 1)


def test_an_entry_that_holds_stays_with_all_its_events_however_old(store, make):
    store.record(make.event(at=make.NOW - make.day * 9000))
    store.record(make.event(kind=Kind.REMOVE, at=make.NOW - make.day * 8000))
    store.record(make.event(at=make.NOW - make.day * 7000))
    assert purge(store).run(Cutoffs(ended=FUTURE)) == Gone()
    assert len(store.events(make.PERSON)) == 3


@pytest.mark.parametrize("how", ["removed", "expired", "undone"])
def test_what_has_ended_goes_with_its_events(store, imports, make, how):
    now = datetime.now(UTC)
    if how == "undone":
        imports.undo(loaded(imports, [make.event()]).id, "somebody", now)
    else:
        store.record(make.event(at=now - make.day * 2, expires_at=now - make.day if how == "expired" else None))
    if how == "removed":
        store.record(make.event(kind=Kind.REMOVE, at=now))
    before = purge(store).run(Cutoffs(ended=now - make.day * 30))
    assert before == Gone(), "it has just ended"
    gone = purge(store, dry=True).run(Cutoffs(ended=FUTURE))
    assert gone.entries == 1 and count(store, entry) == 1
    assert (purge(store).run(Cutoffs(ended=FUTURE)).entries, count(store, entry), count(store, list_event)) == (1, 0, 0)
    assert count(store, batch) == 0


def test_an_entry_that_was_listed_again_meanwhile_stays(store, make):
    now = datetime.now(UTC)
    store.record(make.event(at=now, expires_at=now + timedelta(microseconds=1)))
    work = purge(store)
    kept = work.store.remove_rows
    store.record(make.event(at=now))
    assert work.run(Cutoffs(ended=FUTURE)) == Gone() and kept is not None


def test_what_other_sites_do_not_have_yet_stays(store, make):
    now = datetime.now(UTC)
    store.record(make.event(at=now - make.day, expires_at=now - make.day))
    assert purge(store, shared=True).run(Cutoffs(ended=FUTURE)) == Gone(kept=1)
    with pytest.raises(StoreError, match="sync status"):
        purge(store, shared=True).forget(make.PERSON)
    with store.writing() as connection:
        state.put(connection, state.PUSHED, 1)
    assert purge(store, shared=True).run(Cutoffs(ended=FUTURE)) == Gone(entries=1, events=1)


def test_an_import_under_way_is_left_alone(store, imports, make, monkeypatch):
    monkeypatch.setattr("models.imports._CHUNK", 1)

    def events():
        now = datetime.now(UTC)
        yield make.event(at=now, expires_at=now)
        assert count(store, list_event) == 1
        other = Store(store.path)
        assert purge(other).run(Cutoffs(ended=FUTURE)) == Gone()
        other.close()

    loaded(imports, events())
    assert count(store, list_event) == 1


def test_a_person_whom_an_import_is_listing_is_forgotten_after_it_and_hears_why(store, imports, make, monkeypatch):
    monkeypatch.setattr("models.imports._CHUNK", 1)

    def events():
        yield make.event()
        other = Store(store.path)
        with pytest.raises(StoreError, match="an import that lists it too has not come to its end"):
            purge(other).forget(make.PERSON)
        other.close()

    loaded(imports, events())
    assert purge(store).forget(make.PERSON).events == 1


def test_a_person_is_forgotten_but_for_the_suppression(store, make):
    told = {"evidence": {"channel": "PJSIP/x", "uniqueid": "1.1"}, "actor": "agent Smith", "reason": "shouted"}
    store.record(make.event(campaign="spring", **told))
    store.record(make.event(campaign="spring", kind=Kind.REMOVE, **told))
    keep = make.event(**told)
    store.record(keep)
    store.record(make.event(make.OTHER, **told))
    store.write_checks([make.answer(), make.answer(make.OTHER)])
    asked = Answer(*_asked_by(make.answer(make.OTHER), make.PERSON))
    store.write_checks([asked])
    note(store, Access("root", "cli", "show", "", make.PERSON, 1))
    gone = purge(store, dry=True).forget(make.PERSON)
    assert (gone, len(store.events(make.PERSON))) == (Gone(checks=2, entries=1, events=3, accesses=1), 3)
    assert purge(store).forget(make.PERSON) == gone
    (event,) = store.events(make.PERSON)
    assert (event.event_id, event.source, event.at) == (keep.event_id, "letter", keep.at)
    assert (event.reason, event.actor, event.evidence) == (FORGOTTEN, "", {})
    assert [one.reason for one in store.entries(make.PERSON)] == [FORGOTTEN]
    assert store.checks(make.PERSON) == [] and str(make.PERSON) not in str(store.checks())
    assert len(store.checks(make.OTHER)) == 2, "evidence of calls to others stays"
    assert list(accesses(store, make.PERSON)) == [] and len(list(accesses(store))) == 1
    assert store.events(make.OTHER)[0].actor == "agent Smith"
    assert purge(store).forget(make.PERSON) == Gone(), "a second time there is nothing left to forget"


def consent(act, **more):
    given = {"proof": "recording 17", "actor": "agent Smith", "topic": "loans"} | more
    return facts.fact_of(ConsentEvent(uuid4(), act, PERSON, datetime.now(UTC), "form", **given))


def standing_of(store):
    found = [facts.consent_of(one) for one in facts.read(store, *facts.CONSENTS, number=PERSON)]
    return standing(found, ["loans"], datetime.now(UTC)).standing


def test_a_forgotten_person_who_withdrew_a_consent_has_withdrawn_it(store):
    facts.record(store, [consent(Act.GRANT)])
    facts.record(store, [consent(Act.WITHDRAW), facts.Fact(uuid4(), facts.COMPLAINT, "x", datetime.now(UTC), "letter",
                         number=PERSON)])  # fmt: skip
    assert purge(store, dry=True).forget(PERSON).facts == 3 and standing_of(store) is Standing.WITHDRAWN
    purge(store).forget(PERSON)
    assert standing_of(store) is Standing.WITHDRAWN
    assert "Smith" not in str(facts.read(store, *facts.CONSENTS)) and facts.read(store, facts.COMPLAINT) == []
    assert purge(store).forget(PERSON) == Gone()


def test_a_consent_that_holds_goes_with_the_person(store):
    facts.record(store, [consent(Act.GRANT)])
    purge(store).forget(PERSON)
    assert standing_of(store) is Standing.MISSING


def contacts(store, *ages, told="used"):
    rows = [
        row_of(Contact(str(uuid4()), PERSON, datetime.now(UTC) - timedelta(days=age), state=State.ATTEMPT), told=told)
        for age in ages
    ]
    with store.writing() as connection:
        connection.execute(insert(contact), rows)


def test_contacts_that_a_cap_still_counts_stay(store):
    yearly = Campaign("skis", caps=(Cap(window="365d"),))
    facts.record(store, [facts.campaign_fact(uuid4(), yearly, datetime.now(UTC), "somebody")])
    contacts(store, 10, 300, 400, 800)
    cutoff = datetime.now(UTC) - timedelta(days=31)
    assert purge(store, dry=True).run(Cutoffs(checks=cutoff)).contacts == 2
    assert (purge(store).run(Cutoffs(checks=cutoff)).contacts, count(store, contact)) == (2, 2)
    purge(store).forget(PERSON)
    assert count(store, contact) == 0


def test_contacts_that_a_cap_of_a_law_still_counts_stay(store, tmp_path):
    law = (
        "name: Poland\nas_of: 2026-01-01\ncaps:\n  - {name: slow, key: number, kind: attempt, window: 90d, limit: 1}\n"
    )
    (tmp_path / "PL.yaml").write_text(law.replace("limit: 1", "limit: 1, source: ours, verified: false"))
    contacts(store, 10, 60, 100)
    cutoffs = Cutoffs(checks=datetime.now(UTC) - timedelta(days=31))
    assert purge(store, laws=tmp_path, dry=True).run(cutoffs).contacts == 1
    assert purge(store, dry=True).run(cutoffs).contacts == 2


def promised(store, state, days):
    done = to_micros(datetime.now(UTC) - timedelta(days=days))
    texts = dict.fromkeys(("written", "reason", "language", "holder", "outcome"), "x")
    times = dict.fromkeys(("asked_at", "last_at", "due_at", "done_at"), done)
    counts = dict.fromkeys(("waited", "times", "attempts"), 1)
    row = {"kind": "promise", "number": PERSON, "state": state.value, **texts, **times, **counts}
    with store.writing() as connection:
        identity = connection.execute(insert(callback).values(row).returning(callback.c.id)).scalar_one()
        event = {"callback_id": identity, "event_id": str(uuid4()), "what": "done", "at": done, "actor": "x"}
        connection.execute(insert(callback_event).values({**event, "detail": ""}))


def test_promises_that_are_done_go_and_open_ones_stay(store):
    for how, days in ((Promise.DONE, 90), (Promise.DONE, 1), (Promise.OPEN, 90), (Promise.CLAIMED, 90)):
        promised(store, how, days)
    cutoff = Cutoffs(checks=datetime.now(UTC) - timedelta(days=31))
    assert purge(store, dry=True).run(cutoff).callbacks == purge(store).run(cutoff).callbacks == 1
    assert (count(store, callback), count(store, callback_event)) == (3, 3)
    assert purge(store).forget(PERSON).callbacks == 1
    assert (count(store, callback), count(store, callback_event)) == (2, 2)


def test_contacts_whose_end_the_other_sites_do_not_know_stay(store):
    contacts(store, 900, told="")
    assert purge(store, shared=True).run(Cutoffs(checks=datetime.now(UTC))).contacts == 0
    assert purge(store).run(Cutoffs(checks=datetime.now(UTC))).contacts == 1


def test_what_witnesses_of_a_key_press_have_reported_goes_too(store, make):
    happened = make.event(reason="opt-out by key")
    report = Report(uuid4(), AMI, "pbx 1.1 9", make.NOW, {"channel": "PJSIP/secret-1"})
    record(store, [(happened, report)])
    purge(store).forget(make.PERSON)
    assert (len(store.events(make.PERSON)), count(store, event_witness)) == (1, 0)
    assert verify(store.path).findings == []


def test_a_forgotten_listing_of_an_import_still_goes_with_it(store, imports, make):
    identity = loaded(imports, [make.event()]).id
    purge(store).forget(make.PERSON)
    imports.undo(identity, "somebody", datetime.now(UTC))
    assert [one.holds(datetime.now(UTC)) for one in store.entries(make.PERSON)] == [False]


def _asked_by(answer, caller):
    question = replace(answer.question, caller=f'"Jan" <+{caller}>')
    return question, answer.destination, answer.decision, answer.history, answer.at


def test_nothing_of_the_person_is_left_in_the_files(store, make):
    """But the number that is not called, and words of ours: neither in free pages nor in the log."""
    store.record(make.event(reason="Kowalski shouted", evidence={"channel": "PJSIP/secret-1"}, actor="agent Smith"))
    store.write_checks([make.answer()])
    purge(store).forget(make.PERSON)
    raw = b"".join(one.read_bytes() for one in store.path.parent.glob(store.path.name + "*"))
    assert FORGOTTEN.encode() in raw
    assert all(word not in raw for word in (b"Kowalski", b"secret-1", b"agent Smith", b"PJSIP/out-1"))


NUMBERS = st.sampled_from([48601234567, 48601234568])
SCOPES = st.sampled_from(["", "spring"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "short", "remove", "import", "undo", "purge", "forget"]), NUMBERS, SCOPES),
    max_size=14,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_no_purge_changes_an_answer(template, tmp_path, make, steps):
    path = tmp_path / f"{uuid4()}.db"
    path.write_bytes(template.read_bytes())
    show(str(steps))
    store, reader = Store(path), Reader(path)
    imports, done = Imports(store), []
    try:
        for what, number, scope in steps:
            now = datetime.now(UTC)
            if what == "add":
                store.record(make.event(number, scope, at=now, reason="story"))
            elif what == "short":
                store.record(make.event(number, scope, at=now, expires_at=now))
            elif what == "remove":
                store.record(make.event(number, scope, Kind.REMOVE, at=now))
            elif what == "import":
                done.append(loaded(imports, [make.event(number, scope, at=now)]).id)
            elif what == "undo" and done:
                imports.undo(done.pop(), "somebody", now)
            else:
                before = _holding(reader)
                if what == "purge":
                    purge(store).run(Cutoffs(FUTURE, FUTURE, FUTURE))
                elif what == "forget":
                    purge(store).forget(number)
                    assert all("story" not in one.reason for one in store.events(number))
                assert _holding(reader) == before
        store.close()
        assert [str(one) for one in verify(path).findings] == []
    finally:
        store.close()
        reader.close()
        path.unlink()


def _holding(reader):
    now = datetime.now(UTC)
    found = set()
    for number in (48601234567, 48601234568):
        known = reader.look_up(number)
        if isinstance(known, Listed):
            found |= {(one.key, one.expires_at) for one in known.entries if one.holds(now)}
    return found


def test_who_reads_is_noted_before_anything_is_shown(store):
    with noted(store, Access("root (uid 0)", "cli", "export", "csv")) as shown:
        assert [one.answered for one in accesses(store)] == [UNFINISHED]
        shown.rows = 12
    assert [(one.who, one.answered) for one in accesses(store)] == [("root (uid 0)", 12)]
    assert purge(store).run(Cutoffs(accesses=FUTURE)) == Gone(accesses=1)
    assert list(accesses(store)) == []
