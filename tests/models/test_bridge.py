"""What the bridge to FreePBX's blacklist decides: no loop, nobody's opt-out lost, people are obeyed."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bridge import MARK, Meaning, Origin, Row, Sides, State, Way, of_another_database, plan, written

BOTH, READ, WRITE = Way(True, True), Way(True, False), Way(False, True)
NUMBER = 48600100200


def means(key, value):
    digits = key.removeprefix("+").removeprefix("48")
    return Meaning(int("48" + digits), "" if value == "1" else value) if digits.isdigit() else Meaning(None, "letters")


def form(number):
    return str(number).removeprefix("48")


def decide(there, known=(), wanted=(), way=BOTH, **more):
    memory = {row.key: row for row in known}
    return plan(Sides(there, memory, dict(wanted), **more), way, "", means, form)


def theirs(key="600100200"):
    return Row(key, NUMBER, "", Origin.THERE, State.SETTLED, "1", UUID(int=1))


def ours(state=State.SETTLED):
    return Row("600100200", NUMBER, "", Origin.HERE, state, written("asked"))


def is_nothing(todo):
    return not (todo.listed or todo.unlisted or todo.put or todo.delete or todo.kept or todo.forgotten)


def test_a_new_key_there_is_listed_with_its_description():
    (row, reason), *more = decide({"600100200": "rude"}).listed
    assert (row.number, row.origin, reason, more) == (NUMBER, Origin.THERE, "rude", [])


def test_freepbx_own_settings_are_no_numbers():
    assert is_nothing(decide({"dest": "app-blackhole,hangup,1", "blocked": "1"}))


def test_what_is_no_number_is_named():
    todo = decide({"anonymous": "1"})
    assert todo.refused == {"anonymous": "letters"} and is_nothing(todo)


def test_what_we_wrote_is_not_read_as_new_even_when_the_memory_was_lost():
    assert is_nothing(decide({"600100200": written("asked")}, [ours()], [(NUMBER, "asked")]))
    todo = decide({"600100200": written("asked")}, [], [(NUMBER, "asked")])
    assert not todo.listed and not todo.put and [row.origin for row in todo.kept] == [Origin.HERE]


def test_a_key_that_goes_takes_back_the_listing_that_it_brought():
    assert decide({}, [theirs()]).unlisted == [theirs()]
    assert decide({}, [theirs()], way=WRITE).unlisted == []


def test_what_a_person_takes_out_is_not_written_again_in_the_same_pass():
    assert not decide({}, [theirs()], [(NUMBER, "on FreePBX's blacklist")]).put
    known = [theirs("600100201"), theirs()]
    held = decide({}, known, [(NUMBER, "on FreePBX's blacklist")])
    assert held.held == 2 and not held.put


def test_a_person_who_takes_out_what_we_wrote_is_obeyed_until_it_is_listed_anew():
    (left,) = decide({}, [ours()], [(NUMBER, "asked")]).kept
    assert left.state is State.LEFT
    assert is_nothing(decide({}, [left], [(NUMBER, "asked")]))
    assert decide({}, [left]).forgotten == [left]
    assert [row.key for row in decide({}, [], [(NUMBER, "asked")]).put] == ["600100200"]


def test_a_person_who_writes_over_it_makes_it_his():
    todo = decide({"600100200": "rude"}, [ours()], [(NUMBER, "asked")])
    assert [reason for _, reason in todo.listed] == ["rude"] and not todo.delete
    todo = decide({"600100200": "rude"}, [ours()], [], way=WRITE)
    assert not todo.delete and [row.state for row in todo.kept] == [State.LEFT]


def test_what_no_longer_holds_here_is_taken_out_there():
    assert decide({"600100200": written("asked")}, [ours()]).delete == [ours()]
    assert decide({"600100200": "1"}, [theirs()], ended=frozenset(["600100200"])).delete == [theirs()]
    assert is_nothing(decide({"600100200": "1"}, [theirs()], way=READ, ended=frozenset(["600100200"])))


def test_a_number_that_is_there_in_another_form_is_not_written_again():
    assert is_nothing(decide({"+48600100200": "1"}, [theirs("+48600100200")], [(NUMBER, "asked")]))


def test_a_write_that_broke_off_is_made_again():
    assert decide({}, [ours(State.WRITING)], [(NUMBER, "asked")]).put == [ours(State.WRITING)]
    done = decide({"600100200": written("asked")}, [ours(State.WRITING)], [(NUMBER, "asked")])
    assert done.kept == [ours()] and not done.put


@pytest.mark.parametrize(("keys", "gone", "held"), [(1, 1, 0), (2, 1, 0), (2, 2, 2), (9, 4, 0), (9, 5, 5)])
def test_many_that_go_at_once_are_a_lost_database_until_somebody_says_no(keys, gone, held):
    known = [theirs(f"60010020{index}") for index in range(keys)]
    there = {row.key: "1" for row in known[gone:]}
    todo = decide(there, known)
    assert (todo.held, len(todo.unlisted)) == (held, 0 if held else gone)
    assert len(decide(there, known, sure=True).unlisted) == gone


def test_against_another_database_listings_stay_and_writings_are_made_again():
    known = {row.key: row for row in (ours(), theirs("600100201"))}
    kept, lost = of_another_database(known, {})
    assert kept == {} and len(lost) == 2
    assert of_another_database(known, {"600100201": "1"})[0].keys() == {"600100201"}


def test_a_description_is_one_short_line():
    assert written("a\r\nAction: Restart & <b>") == "a Action: Restart &amp; &lt;b&gt;" + MARK
    assert len(written("x" * 1000)) == 60 + len(MARK)


NUMBERS = st.integers(48600100200, 48600100204)
STEPS = st.lists(
    st.tuples(st.sampled_from(["there", "gone", "edit", "here", "undo", "pass", "broken"]), NUMBERS), max_size=40
)


class World:
    """Both sides, and a bridge that may break off after any step."""

    def __init__(self, way):
        self.way, self.there, self.known = way, {}, {}
        self.asked, self.brought, self.made = {}, {}, set()

    def wanted(self):
        live = {number for number, event in self.brought.values() if event not in self.ended}
        return dict.fromkeys(live, "on FreePBX's blacklist") | self.asked

    ended = frozenset()

    def bridge(self, limit):
        """At most so many steps."""
        ended = {
            key for key, row in self.known.items() if row.origin is Origin.THERE and row.number not in self.wanted()
        }
        todo = plan(
            Sides(self.there, self.known, self.wanted() if self.way.write else {}, frozenset(ended), True),
            self.way, "", means, form,
        )  # fmt: skip
        steps = [lambda row=row: self.list(row) for row, _ in todo.listed]
        steps += [lambda row=row: self.unlist(row) for row in todo.unlisted]
        steps.append(lambda: self.note(todo))
        for row in todo.put:
            steps += [lambda row=row: self.write(row), lambda row=row: self.settle(row)]
        for row in todo.delete:
            steps += [lambda row=row: self.there.pop(row.key, None), lambda row=row: self.known.pop(row.key)]
        for step in steps[:limit]:
            step()
        return todo

    def list(self, row):
        assert not row.value.endswith(MARK), "read back what we wrote"
        event = uuid4()
        self.brought[event] = (row.number, event)
        self.known[row.key] = replace(row, event=event)

    def unlist(self, row):
        del self.brought[row.event]
        del self.known[row.key]

    def note(self, todo):
        for row in todo.forgotten:
            self.known.pop(row.key, None)
        for row in [*todo.kept, *todo.put]:
            self.known[row.key] = row
        for row in todo.delete:
            self.known[row.key] = replace(row, state=State.DELETING)

    def write(self, row):
        self.there[row.key] = row.value

    def settle(self, row):
        self.known[row.key] = replace(row, state=State.SETTLED)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([BOTH, READ, WRITE]), STEPS, st.integers(0, 6))
def test_whatever_happens_it_settles_and_no_opt_out_is_lost(way, steps, cut):
    world = World(way)
    for what, number in steps:
        key = form(number)
        if what == "there":
            world.there.setdefault(key, "1")
        elif what == "gone":
            world.there.pop(key, None)
        elif what == "edit" and key in world.there:
            world.there[key] = "edited"
        elif what == "here":
            world.asked[number] = "asked"
        elif what == "undo":
            world.asked.pop(number, None)
        else:
            before = dict(world.asked)
            world.bridge(cut if what == "broken" else 10_000)
            assert world.asked == before
    for _ in range(3):
        world.bridge(10_000)
    todo = world.bridge(0)
    assert is_nothing(todo), todo
    if way.read:  # who is blacklisted there, by a person, is listed here
        staffs = {int("48" + key) for key, value in world.there.items() if not value.endswith(MARK)}
        assert staffs == {number for number, _ in world.brought.values()}
    if way.write:  # nothing of ours is there that does not hold here
        ours_there = {int("48" + key) for key, value in world.there.items() if value.endswith(MARK)}
        assert ours_there <= set(world.asked)
