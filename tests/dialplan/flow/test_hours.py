"""The hours that includes with times tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dialplan.flow.hours import MOST, Hours
from dialplan.plan import loads
from dialplan.plan.match import in_force


def hours(timings: Sequence[str], asked: Sequence[str] = ()) -> Hours:
    lines = ["[a]", *(f"include => b,{timing}" for timing in timings), "[b]", "exten => s,1,Hangup()"]
    return Hours(loads("\n".join(lines).encode()), asked)


@pytest.mark.parametrize(
    ("timings", "count"),
    [
        ([], 0),
        (["9:00-16:59,mon-fri,*,*"], 2),
        (["9:00-16:59,mon-fri,*,*", "17:00-19:59,mon-fri,*,*"], 3),
        (["9:00-16:59,mon-fri,*,*", "*,*,24,dec"], 4),
        (["*,mon-fri,*,*", "*,sat-sun,*,*"], 2),
        (["*,*,29,feb"], 2),
    ],
)
def test_each_of_the_hours_has_a_moment_and_its_own_includes(timings: list[str], count: int) -> None:
    made = hours(timings)
    plan = loads("\n".join(["[a]", *(f"include => b{n},{t}" for n, t in enumerate(timings)), "[b]"]).encode())
    held = {tuple(in_force(one, moment) for one in plan.contexts["a"].includes) for moment in made.moments.values()}
    assert len(made.moments) == len(held) == count
    assert not made.too_many


def test_times_of_conditions_are_told_apart_as_long_as_there_are_few() -> None:
    asked = [f"{hour}:00-{hour}:30,*,*,*" for hour in range(20)]
    assert len(hours(["9:00-16:59,*,*,*"], ["8:00-8:59,*,*,*"]).moments) == 3
    made = hours(["9:00-16:59,*,*,*"], asked)
    assert len(made.moments) == 2
    assert "0:00-0:30,*,*,*" not in made.specs


def test_too_many_hours_and_two_zones_are_not_told_apart() -> None:
    many = hours([f"{hour}:00-{hour}:30,*,*,*" for hour in range(MOST + 1)])
    zones = hours(["9:00-16:59,*,*,*,Europe/Warsaw", "9:00-16:59,*,*,*,Asia/Tokyo"])
    assert (many.moments, many.too_many) == ({}, True)
    assert (zones.moments, zones.too_many) == ({}, True)
