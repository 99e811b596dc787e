"""Arguments are cut as Asterisk cuts them, and every jump written in a priority is seen."""

from __future__ import annotations

import pytest

from dialplan.applications.arguments import branches, call_in, cut, is_literal, options, split
from dialplan.applications.calls import Target, calls, place, targets
from dialplan.applications.effect import Kind


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a,b", ["a", "b"]),
        ("", [""]),
        ("a,", ["a", ""]),
        ("${CUT(x,-,1)},b", ["${CUT(x,-,1)}", "b"]),
        ("$[${A},${B}],b", ["$[${A},${B}]", "b"]),
        ("$[x[1,2]],b", ["$[x[1,2]]", "b"]),
        ("${never,closed", ["${never,closed"]),
        ('"a,b",c', ['"a', 'b"', "c"]),
        ("f(a,b)", ["f(a", "b)"]),
    ],
)
def test_cut_is_blind_to_quotes_and_sees_only_expressions(text: str, pieces: list[str]) -> None:
    assert cut(text, ",") == pieces


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ('"a,b",c', ['"a,b"', "c"]),
        ("f(a,b),c", ["f(a,b)", "c"]),
        ("[a,b],c", ["[a,b]", "c"]),
        ("a\\,b,c", ["a\\,b", "c"]),
        ("a),b", ["a)", "b"]),
        ("${F(a,b)},c", ["${F(a,b)}", "c"]),
    ],
)
def test_split_respects_what_asterisk_respects(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x?a:b", ("x", "a", "b")),
        ("x?a", ("x", "a", None)),
        ("x?:b", ("x", "", "b")),
        ("x", ("x", None, None)),
        ('$["${A:1}" = "?"]?m,s,1:n', ('$["${A:1}" = "?"]', "m,s,1", "n")),
    ],
)
def test_branches(text: str, expected: tuple[str, str | None, str | None]) -> None:
    assert branches(text) == expected


def test_nested_applications_and_options() -> None:
    assert call_in("Goto(a,s,1)") == ("Goto", "a,s,1")
    assert call_in("Hangup") == ("Hangup", "")
    assert call_in("Set(a=f(b)c") == ("Set", "a=f(b")
    assert options("gG(a^s^1)tU(x)") == {"g": "", "G": "a^s^1", "t": "", "U": "x"}
    assert options("L(1:2") == {"L": "1:2"}
    assert is_literal("a-b") and not is_literal("a${b}") and not is_literal("$[1]")


def where(application: str, data: str) -> list[tuple[str | None, str | None, str, Kind]]:
    return [
        (target.context, target.exten, target.priority, target.kind)
        for call in calls(application, data)
        for target in targets(call)
    ]


@pytest.mark.parametrize(
    ("application", "data", "expected"),
    [
        ("Goto", "menu,s,1", [("menu", "s", "1", Kind.GOTO)]),
        ("gOTO", "s,again", [(None, "s", "again", Kind.GOTO)]),
        ("Goto", "again", [(None, None, "again", Kind.GOTO)]),
        ("Goto", "", [(None, None, "", Kind.GOTO)]),
        ("Goto", "a,b,1,c", [("a", "b", "1", Kind.GOTO)]),
        ("GotoIf", "$[${A:1} > 2]?a,1:b,1", [(None, "a", "1", Kind.GOTO), (None, "b", "1", Kind.GOTO)]),
        ("GotoIfTime", "9:00-17:00,mon-fri,*,*?open,s,1", [("open", "s", "1", Kind.GOTO)]),
        ("Gosub", "sub,s,1(a,b)", [("sub", "s", "1", Kind.GOSUB)]),
        ("GosubIf", "x?sub,s,1(a:b):c", [("sub", "s", "1", Kind.GOSUB), (None, None, "c", Kind.GOSUB)]),
        ("Macro", "user,1", [("macro-user", "s", "1", Kind.MACRO)]),
        ("ExecIf", "$[1]?Goto(a,1):Gosub(b,1)", [(None, "a", "1", Kind.GOTO), (None, "b", "1", Kind.GOSUB)]),
        ("ExecIf", "$[1],Goto,a", [(None, None, "a", Kind.GOTO)]),
        ("TryExec", "Goto(a,s,1)", [("a", "s", "1", Kind.GOTO)]),
        ("Dial", "SIP/a,20,gG(a^s^1)", [("a", "s", "1", Kind.GOTO)]),
        ("Dial", "SIP/a,20,g", []),
        ("Queue", "a", []),
        ("NoOp", "Goto(a,1)", []),
        ("Nonsense", "a,s,1", []),
    ],
)
def test_places_that_a_priority_may_jump_to(
    application: str, data: str, expected: list[tuple[str | None, str | None, str, Kind]]
) -> None:
    assert where(application, data) == expected


def test_a_nested_application_is_not_certain_and_one_in_try_exec_is_tolerant() -> None:
    assert [call.certain for call in calls("ExecIf", "x?Hangup()")] == [True, False]
    assert [call.tolerant for call in calls("TryExec", "Nonsense()")] == [False, True]
    deep = "ExecIf(x?" * 50 + "Goto(a,1)" + ")" * 50
    assert len(list(calls("TryExec", deep))) < 10


@pytest.mark.parametrize(
    ("text", "number", "relative", "label"),
    [
        ("1", 1, False, "1"),
        (" 12 ", 12, False, " 12 "),
        ("+2", 2, True, "2"),
        ("-1", -1, True, "1"),
        ("+loop", None, False, "loop"),
        ("1abc", None, False, "1abc"),
        ("${P}", None, False, "${P}"),
    ],
)
def test_priorities(text: str, number: int | None, relative: bool, label: str) -> None:
    target: Target = place(text)
    assert (target.number, target.relative, target.label) == (number, relative, label)
