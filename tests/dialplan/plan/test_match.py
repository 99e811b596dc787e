"""What runs next (main/pbx.c: pbx_find_extension, _extension_match_core)."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialplan.plan import loads
from dialplan.plan.match import Status, find, find_label, possible, search
from dialplan.plan.model import Plan
from dialplan.plan.patterns import Fit, Mode, fit, fits_caller

NO, YES, EARLY = Fit.NO, Fit.YES, Fit.EARLY


def plan_of(text: str) -> Plan:
    return loads(text.encode())


@pytest.mark.parametrize(
    ("pattern", "number", "match", "can", "more"),
    [
        ("123", "123", YES, YES, NO),
        ("123", "12", NO, YES, YES),
        ("1-23", "12-3", YES, YES, NO),
        ("123", "", NO, YES, YES),
        ("", "", YES, YES, NO),
        ("_1X", "15", YES, YES, NO),
        ("_1X", "1", NO, YES, YES),
        ("_1x", "1a", NO, NO, NO),
        ("_NXZ", "200", NO, NO, NO),
        ("_X.", "1", NO, YES, YES),
        ("_X.", "12", YES, YES, YES),
        ("_X!", "1", EARLY, EARLY, EARLY),
        ("_X!", "12", EARLY, EARLY, EARLY),
        ("_!", "", EARLY, EARLY, EARLY),
        ("_.", "", NO, YES, YES),
        ("_[1-35a-c]", "b", YES, YES, NO),
        ("_[1-]", "-1", YES, YES, NO),
        ("_[]1", "1", YES, YES, NO),
        ("_[9-0]", "5", NO, NO, NO),
        ("_[1", "1", NO, NO, NO),
        ("_s-NOANSWER", "s-NOANSWER", NO, NO, NO),
        ("_1/2", "1", YES, YES, NO),
        ("_X.", "_x.", YES, NO, NO),
        ("_X", "12", NO, NO, NO),
        ("_é", "é", YES, YES, NO),
        ("_X-X", "1-2", YES, YES, NO),
    ],
)
def test_numbers_and_patterns(pattern: str, number: str, match: Fit, can: Fit, more: Fit) -> None:
    assert (fit(pattern, number), fit(pattern, number, Mode.CANMATCH)) == (match, can)
    assert fit(pattern, number, Mode.MATCHMORE) == more


@pytest.mark.parametrize(
    ("pattern", "caller", "fits"),
    [(None, None, True), (None, "12", True), ("", None, True), ("", "", True), ("", "12", False), ("_1X", "12", True), ("_1X", None, False), ("13", "12", False)],
)  # fmt: skip
def test_callers(pattern: str | None, caller: str | None, fits: bool) -> None:
    assert fits_caller(pattern, caller) is fits


def trace(plan: Plan, number: str, caller: str | None = None, when: datetime | None = None) -> list[str]:
    ran = []
    while found := find(plan, "a", number, len(ran) + 1, caller, when):
        ran.append(f"{found.context}:{found.extension.pattern}:{found.step.application}")
    return ran


def test_each_priority_is_looked_for_anew() -> None:
    plan = plan_of("[a]\nexten => _X.,3,C\nexten => 123,1,A\nexten => _1XX,2,B\ninclude => b\n[b]\nexten => 123,4,D\n")
    assert trace(plan, "123") == ["a:123:A", "a:_1XX:B", "a:_X.:C", "b:123:D"]


def test_the_own_context_goes_before_its_includes() -> None:
    plan = plan_of("[a]\nexten => _X.,1,A\ninclude => b\n[b]\nexten => 123,1,B\nexten => 123,2,C\n")
    assert trace(plan, "123") == ["a:_X.:A", "b:123:C"]


def test_includes_depth_first_each_once() -> None:
    plan = plan_of(
        "[a]\ninclude => b\ninclude => c\n[b]\ninclude => a\ninclude => d\n[c]\nexten => 1,1,C\n[d]\nexten => 1,1,D\n"
    )
    assert trace(plan, "1") == ["d:1:D"]
    assert trace(plan, "2") == []


def test_names_that_differ_in_case_only_are_seen_once() -> None:
    plan = plan_of("[a]\ninclude => b\ninclude => B\n[b]\n[B]\nexten => 1,1,A\n")
    assert trace(plan, "1") == []


def test_callers_pick_their_own() -> None:
    plan = plan_of("[a]\nexten => s,1,Any\nexten => s/,1,None\nexten => s/_1X,1,One\n")
    assert [trace(plan, "s", caller)[0][4:] for caller in ("12", "99", "", None)] == [
        "One",
        "Any",
        "None",
        "None",
    ]


def test_includes_by_time() -> None:
    plan = plan_of("[a]\ninclude => b,9:00-17:00,mon-fri,*,*\ninclude => c\n[b]\nexten => 1,1,B\n[c]\nexten => 1,1,C\n")
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert trace(plan, "1", when=monday) == ["b:1:B"]
    assert trace(plan, "1", when=monday.replace(hour=18)) == ["c:1:C"]
    assert trace(plan, "1") == ["b:1:B"]
    assert [f.context for f in possible(plan, "a", "1", 1)] == ["b", "c"]


def test_all_that_is_possible() -> None:
    plan = plan_of("[a]\nexten => s/1,1,A\nexten => s/2,1,B\nexten => s,1,C\nexten => _.,1,D\n")
    assert [f.step.application for f in possible(plan, "a", "s", 1)] == ["A", "B", "C"]


def test_how_far_a_search_came() -> None:
    plan = plan_of("[a]\nexten => 1,1,A\n")
    found = [search(plan, *where).status for where in [("b", "1", 1), ("a", "2", 1), ("a", "1", 2), ("a", "1", 1)]]
    assert found == [Status.NO_CONTEXT, Status.NO_EXTENSION, Status.NO_PRIORITY, Status.FOUND]


def test_digits_being_dialled() -> None:
    plan = plan_of("[a]\nexten => 12,1,A\nexten => _9!,1,B\nexten => 912,1,C\ninclude => b\n[b]\nexten => 5,2,D\n")

    def dialled(number: str, mode: Mode) -> bool:
        return search(plan, "a", number, 1, mode=mode).found is not None

    assert [dialled(n, Mode.MATCHMORE) for n in ("", "1", "12", "9", "91", "5")] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert [dialled(n, Mode.CANMATCH) for n in ("1", "12", "13", "9", "91", "5")] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_an_early_match_ends_the_collecting_unless_an_exact_one_is_longer() -> None:
    plan = plan_of("[a]\nexten => _9!,1,B\nexten => _9X.,1,C\n")
    assert search(plan, "a", "95", 1, mode=Mode.MATCHMORE).found is not None  # _9X. goes before _9!
    assert search(plan_of("[a]\nexten => _9!,1,B\ninclude => b\n[b]\n"), "a", "9", 1, mode=Mode.MATCHMORE).found is None


def test_labels_reach_other_patterns_and_includes() -> None:
    plan = plan_of("[a]\nexten => 12,1,A\nexten => _1X,7(here),B\ninclude => b\n[b]\nexten => 12,3(there),C\n")
    assert [find_label(plan, "a", "12", label).step.priority for label in ("here", "there")] == [7, 3]  # type: ignore[union-attr]
    assert find_label(plan, "a", "12", "nowhere") is None


def test_what_cannot_be_known_is_named() -> None:
    plan = plan_of(
        "[general]\nextenpatternmatchnew=yes\noverrideswitch=Lua/x\n[a]\nswitch => Realtime/y\nexten => 1,1,A\n"
    )
    assert len(search(plan, "a", "1", 1).unknown) == 2
    assert len(search(plan, "a", "2", 1).unknown) == 3
    assert search(plan_of("[a]\nswitch => R/y\nexten => 1,1,A\n"), "a", "1", 1).unknown == ()


def test_five_hundred_and_eleven_includes_deep() -> None:
    chain = "".join(f"[c{n}]\ninclude => c{n + 1}\n" for n in range(600))
    for depth, found in ((511, True), (512, False)):
        plan = plan_of(f"{chain}[c{depth}](+)\nexten => 1,1,A\n")
        assert bool(find(plan, "c0", "1", 1)) is found
