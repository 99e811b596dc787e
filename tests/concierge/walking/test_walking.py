"""What the self-test presses, and what it says of calls that go otherwise than the model says."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from concierge.errors import UserError
from concierge.installation.loaded import Console
from concierge.walking.caller import Bounds, Called, Caller
from concierge.walking.follow import Follower, Seen
from concierge.walking.judge import judge
from concierge.walking.sounds import lengths
from concierge.walking.ways import Asked, Way, Ways, ways_of
from dialplan.applications import tables
from dialplan.flow import At
from dialplan.plan import loads

PLAN = b"""
[in]
exten => 700,1,Answer()
 same => n,Goto(main,s,1)
[main]
exten => s,1,Background(hello)
 same => n,WaitExten(5)
exten => 1,1,Playback(please)
 same => n,Dial(PJSIP/100,20)
 same => n,Playback(sorry)
exten => 2,1,Goto(second,s,1)
exten => 22,1,Goto(s,1)
exten => 3,1,Read(CARD,card,2,,1,5)
 same => n,GotoIf($["${CARD}" = "7"]?1,1)
 same => n,Goto(s,1)
exten => 4,1,Goto(operator,4,1)
exten => i,1,Goto(s,1)
exten => t,1,Goto(operator,s,1)
[second]
exten => s,1,Background(second)
 same => n,WaitExten(5)
exten => 1,1,Queue(sales)
exten => t,1,Goto(nowhere,s,1)
[operator]
exten => s,1,Dial(PJSIP/0)
exten => 4,1,Dial(PJSIP/4,9)
 same => n,Goto(behind,s,1)
[behind]
exten => s,1,GotoIf($["${CONCIERGE_STEP}" = "${RAND(1,9)}"]?end)
 same => n(end),Dial(PJSIP/0)
[gated]
exten => 700,1,GotoIf($["${DB(a/b)}" = "1"]?main,1,1)
 same => n,Dial(PJSIP/0)
"""
EVERY = {"(wait)", "1", "2", "3", "4", "22", "#", "2,1", "2,#", "3,7#", "3,#"}


def ways(most: int = 30, depth: int = 4, context: str = "in") -> Ways:
    at = datetime(2026, 11, 23, 12, 0)
    return ways_of(loads(PLAN), tables.load("22"), Asked(At(context, "700"), at, "", most, depth))


def way(keys: str, context: str = "in") -> Way:
    return next(one for one in ways(context=context).ways if one.keys == keys)


def called(keys: str, places: Iterable[tuple[float, str, str]], context: str = "in", **more: object) -> Called:
    """`places`: seconds, CONTEXT,EXTEN,PRIORITY, application; `press` presses what is due."""
    follower = Follower(way(keys, context))
    at = 0.0
    for at, place, application in places:
        if place == "press":
            assert follower.key() == application
            follower.has_pressed(at)
        else:
            where = place.split(",")
            follower.look(Seen(at, where[0], where[1], int(where[2]), application, heard=True))
    given = {"answered": 0.1, "rang": False, "gone": False, "seconds": at, **more}
    return Called(follower, **given)  # type: ignore[arg-type]


def said(keys: str, places: Iterable[tuple[float, str, str]], **more: object) -> tuple[str, str]:
    (found,) = judge("700", called(keys, places, **more), Bounds(), {"please": 1.0}.get)  # type: ignore[arg-type]
    assert found.name == f"700 keys {keys}"
    return found.state, found.seen


def test_every_key_and_every_silence_is_on_some_way() -> None:
    found = ways()
    assert {one.keys for one in found.ways} == EVERY
    assert (found.edges, found.left, found.unknown) == (13, [], [])
    assert way("2").trace.steps[way("2").until].context == "second", "its silence belongs to this way"
    assert way("22").trace.steps[way("22").until][:3] == ("main", "s", 1), "the menu's silence was another way's"


def test_few_calls_and_few_keys_leave_something_and_say_what() -> None:
    few = ways(most=3)
    assert [one.keys for one in few.ways] == ["(wait)", "1", "2"] and set(few.left) == EVERY - {
        "(wait)",
        "1",
        "2",
        "3,7#",
        "3,#",
    }
    shallow = ways(depth=1)
    assert set(shallow.left) == {"2,1", "2,#", "3,7#", "3,#"}
    assert shallow.edges == 13


MENU = [(0.5, "main,s,1", "BackGround"), (1.0, "press", "1")]
RINGS = [(1.2, "main,1,1", "Playback"), (2.4, "main,1,2", "Dial")]


@pytest.mark.parametrize(
    ("places", "more", "state", "seen"),
    [
        ([*MENU, *RINGS], {"rang": True}, "ok", "comes to [main] 1,2 Dial(PJSIP/100,20)"),
        ([(0.5, "main,s,2", "WaitExten"), *MENU[1:], *RINGS], {"rang": True}, "ok", "comes to [main] 1,2"),
        ([*MENU, (1.2, "main,1,1", "Playback")], {"gone": True}, "failed", "the call ends at [main] 1,2"),
        ([*MENU, *[(at, "main,1,3", "Playback") for at in (3.0, 3.3)]], {}, "failed", "dead destination: [main] 1,2"),
        ([*MENU, *[(at, "second,s,2", "WaitExten") for at in (3.0, 3.3)]], {}, "failed", "is at [second] s,2"),
        ([*MENU, (3.0, "agi,s,4", "Set"), *RINGS], {"rang": True}, "ok", "comes to [main] 1,2"),
        ([*MENU, (1.2, "main,1,1", "Playback"), (9.0, "main,1,2", "Dial")], {"rang": True}, "failed", "promises 1 s"),
        ([*MENU, (1.2, "main,1,1", "Playback")], {"silent": True}, "failed", "silence for 15 s at"),
        ([*MENU, (1.2, "main,1,1", "Playback")], {}, "failed", "has not come to [main] 1,2 Dial(PJSIP/100,20) in 1 s"),
        ([], {"answered": None}, "failed", "nobody and nothing answers"),
    ],
)  # fmt: skip
def test_what_a_caller_would_complain_of(places, more, state, seen) -> None:
    found = said("1", places, **more)
    assert found[0] == state and seen in found[1]


def test_a_key_that_leads_back_to_the_same_menu_is_told_from_one_that_was_not_heard() -> None:
    came = called("22", [(0.5, "main,s,1", "BackGround"), (1.0, "press", "22"), (1.2, "main,s,1", "BackGround")])
    assert not came.follower.arrived, "it may still be the first time"
    came.follower.look(Seen(2.5, "main", "s", 1, "BackGround", True))
    assert came.follower.arrived


def test_where_nothing_is_pressed_the_next_key_waits_for_the_next_menu() -> None:
    follower = Follower(way("2,1"))
    follower.look(Seen(0.5, "main", "s", 1, "BackGround"))
    assert follower.key() == "2"
    follower.has_pressed(0.7)
    follower.look(Seen(0.9, "main", "s", 1, "BackGround"))
    assert follower.key() is None
    follower.look(Seen(1.9, "second", "s", 1, "BackGround"))
    assert follower.key() == "1"


def test_what_leads_nowhere_by_the_model_too_is_said() -> None:
    places = [(0.5, "main,s,1", "BackGround"), (1.0, "press", "2"), (2.0, "second,s,2", "WaitExten")]
    state, seen = said("2", places, gone=True)
    assert state == "failed" and "leads nowhere, as the model says too: there is no context [nowhere]" in seen


def test_a_dead_destination_is_known_by_where_the_call_goes_on() -> None:
    """Elsewhere than behind the Dial, through conditions of our own contexts."""
    places = [(0.5, "main,s,1", "BackGround"), (1.0, "press", "4"), *[(at, "behind,s,2", "Dial") for at in (2.0, 2.3)]]
    state, seen = said("4", places)
    assert state == "failed"
    assert (
        "dead destination: [operator] 4,1 Dial(PJSIP/4,9) came back at once, the call goes on at [behind] s,2" in seen
    )


def test_what_the_model_had_to_assume_makes_a_difference_a_warning() -> None:
    places = [(at, "main,1,1", "Playback") for at in (1.0, 1.3)]
    (found,) = judge("700", called("(wait)", places, context="gated"), Bounds(), lambda _: 1.0)
    assert found.state == "warning" and "taken for false" in found.remedy


def test_the_length_of_a_prompt_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    with wave.open(str(tmp_path / "en" / "hello.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0" * 32_000)
    (tmp_path / "old.gsm").write_bytes(b"\0" * 3300)
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    length = lengths(tmp_path)
    assert [length(name) for name in ("hello", "old", "bad", "none/at-all", str(tmp_path / "old"))] == [
        2,
        2,
        None,
        None,
        2,
    ]


class Script(Console):
    """A console whose PBX never answers, or is not there."""

    def ask(self, line: str) -> str:
        if self.command == "gone":
            raise UserError("cannot be asked")
        return ""


def test_a_number_that_nothing_answers_ends_the_wait() -> None:
    times = iter(range(1000))
    caller = Caller(Script(""), "700", "in", Bounds(answer=5), sleep=lambda _: None, clock=lambda: float(next(times)))
    (found,) = judge("700", caller.run(way("1")), Bounds(answer=5), lambda _: None)
    assert (found.state, found.seen) == ("failed", "nobody and nothing answers within 5 s")
    with pytest.raises(UserError, match="cannot be asked"):
        Caller(Script("gone"), "700", "in", Bounds()).run(way("1"))
