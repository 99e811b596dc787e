"""What cannot be known stays unknown, with everything known around it and every effect recorded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialplan.expression import (
    Evaluation,
    Hole,
    Unknown,
    Value,
    World,
    assignment,
    condition,
    evaluate,
    evaluation,
)

CALLER = Unknown.because("${CALLERID(num)}", "the caller is not known")


def run(text: str, **variables: Value) -> Evaluation:
    return evaluation(text, {"U": CALLER, "N": "5", **variables})


def test_known_text_stays_around_a_hole() -> None:
    value = run("ivr-${U}-x").value
    assert isinstance(value, Unknown)
    assert value.pieces == ("ivr-", Hole("${CALLERID(num)}", "the caller is not known"), "-x")
    assert (value.prefix, value.suffix, str(value)) == ("ivr-", "-x", "ivr-…-x")


@pytest.mark.parametrize(
    ("text", "could"),
    [
        ("ivr-5-x", True),
        ("ivr--x", True),
        ("ivr-x", False),
        ("ivr-5", False),
        ("a", False),
        ("ivr--x-x", True),
    ],
)
def test_over_approximation(text: str, could: bool) -> None:
    value = run("ivr-${U}-x").value
    assert isinstance(value, Unknown)
    assert value.could_be(text) is could


def test_several_holes_keep_their_order() -> None:
    value = run("a${U}b${U}c").value
    assert isinstance(value, Unknown)
    assert value.could_be("abbc")
    assert value.could_be("a1b2c")
    assert not value.could_be("acb")
    assert not value.could_be("ac")


@pytest.mark.parametrize(
    "text",
    [
        "${CALLERID(num)}",
        "${CHANNEL(name)}",
        "${EXTEN}",
        "${EPOCH}",
        "${DB(a/b)}",
        "${ODBC_LOOKUP(1)}",
        "${SHELL(ls)}",
        "${${U}}",
        "${LEN(${U})}",
        "${U:0:1}",
        "$[${U} + 1]",
        '$["${U}" = ""]',
        "${CUT(U,-,1)}",
        "${IF(${U}?a:b)}",
        "${DIALPLAN_EXISTS(a,b,1)}",
        "${IFTIME(9:00-17:00,*,*,*?a:b)}",
        "${STRFTIME(,,%H)}",
        "${EVAL(${U})}",
        "${RAND(1,2)}",
        "$[SIN(1)]",
        "${SORT(x:1e,y:2)}",
        '$["b" =~ "(b|c)$|(b|c)*"]',
        "$[CHANNEL(x)]",
        "${POP(N,\\0)}",
        '$["aa" =~ "(a)\\1"]',
    ],
)
def test_never_guessed(text: str) -> None:
    value = run(text).value
    assert isinstance(value, Unknown)
    assert value.reason


def test_unset_is_empty_unless_the_world_says_otherwise() -> None:
    assert evaluate("a${NOWHERE}b", {}) == "ab"
    assert isinstance(evaluate("a${NOWHERE}b", {}, world=World(missing=CALLER)), Unknown)
    assert evaluate("a${N}b", {"N": "1"}, world=World(missing=CALLER)) == "a1b"


def test_computed_variables_may_be_given() -> None:
    assert evaluate("${EXTEN:1}@${CONTEXT}", {"EXTEN": "9123", "CONTEXT": "out"}) == "123@out"


def test_the_world_answers_functions() -> None:
    def function(name: str, arguments: str) -> Value | None:
        return {("CALLERID", "num"): "48501", ("CHANNEL", "language"): CALLER}.get((name, arguments))

    world = World(function=function)
    assert evaluate("${CALLERID(num):2}", {}, world=world) == "501"
    assert evaluate("$[CALLERID(num) + 1]", {}, world=world) == "48502"
    assert isinstance(evaluate("${CHANNEL(language)}", {}, world=world), Unknown)
    assert isinstance(evaluate("${CALLERID(name)}", {}, world=world), Unknown)
    assert evaluate("${LEN(abc)}", {}, world=world) == "3"


def test_the_world_answers_dialplan_exists() -> None:
    places = {("ivr", "1", ""): True, ("ivr", "2", ""): False}
    world = World(dialplan_exists=lambda *place: places.get(place))
    assert evaluate("${DIALPLAN_EXISTS(ivr,1)}", {}, world=world) == "1"
    assert evaluate("${DIALPLAN_EXISTS(ivr,2)}", {}, world=world) == "0"
    assert isinstance(evaluate("${DIALPLAN_EXISTS(ivr,3)}", {}, world=world), Unknown)


def test_channel_variables_hide_globals() -> None:
    world = World(globals={"G": "global", "H": "h"})
    assert evaluate("${G}${H}${GLOBAL(G)}", {"G": "mine"}, world=world) == "minehglobal"


def test_a_function_that_does_not_exist_warns_and_gives_nothing() -> None:
    found = run("a${NOSUCH(1)}b")
    assert found.value == "ab"
    assert any("NOSUCH" in warning for warning in found.warnings)


@pytest.mark.parametrize("text", ["$[1 +]", "$[1 2]", "$[)]", "$[(1]", "$[1 ? 2]", "${A", "$[1"])
def test_malformed_texts_warn(text: str) -> None:
    assert run(text).warnings


@pytest.mark.parametrize("text", ["$[]", "$[1 + 1]", '$["" = ""]', "${A}", "$[${NOWHERE}]"])
def test_sound_texts_do_not_warn(text: str) -> None:
    assert run(text).warnings == ()


def test_whether_a_variable_exists() -> None:
    assert evaluate("${VARIABLE_EXISTS(A)}${VARIABLE_EXISTS(B)}", {"A": ""}) == "10"
    world = World(globals={"G": "1"}, missing=CALLER)
    assert evaluate("${GLOBAL_EXISTS(G)}${VARIABLE_EXISTS(A)}", {"A": ""}, world=world) == "11"
    assert isinstance(evaluate("${VARIABLE_EXISTS(B)}", {}, world=world), Unknown)
    assert isinstance(evaluate("${GLOBAL(B)}", {}, world=world), Unknown)


def test_functions_of_newer_versions_do_not_exist_in_older_ones() -> None:
    assert evaluate("${TRIM( a )}", {}) == "a"
    assert evaluate("${TRIM( a )}", {}, world=World(version=16)) == ""


@pytest.mark.parametrize(
    ("text", "value", "changes"),
    [
        ("${INC(N)}", "6", {"N": "6"}),
        ("${SET(X=${N}a)}-${X}", "5a-5a", {"X": "5a"}),
        ("${SET(__X=1)}", "1", {"X": "1"}),
        ("${SHIFT(L)}", "1", {"L": "2,3"}),
        ("${POP(L)}${POP(L)}", "32", {"L": "1"}),
        ("${SET(N=1)}${INC(N)}${N}", "122", {"N": "2"}),
        ("${LEN(N)}", "1", {}),
    ],
)
def test_effects(text: str, value: str, changes: dict[str, str]) -> None:
    found = evaluation(text, {"N": "5", "L": "1,2,3"})
    assert (found.value, found.changes, found.uncertain) == (value, changes, False)


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        ("X=1", {"X": "1"}),
        ("X=a=b", {"X": "a=b"}),
        ("X=", {"X": ""}),
        ("X = 1", {"X ": " 1"}),
        ("_X=1", {"X": "1"}),
        ("__X=1", {"X": "1"}),
        ("___X=1", {"_X": "1"}),
        ("X", {}),
        ("", {}),
        ("N=$[${N}+1]", {"N": "6"}),
        ("X=${INC(N)}", {"N": "6", "X": "6"}),
        ("ARRAY(A,B,C)=1,2", {"A": "1", "B": "2", "C": ""}),
        ("HASH(h,k)=v", {"~HASH~h~k~": "v"}),
        ("PUSH(L)=4", {"L": "1,2,3,4"}),
        ("UNSHIFT(L,-)=0", {"L": "0-1,2,3"}),
        ("PUSH(NEW)=1", {"NEW": "1"}),
        ("LOCAL(X)=1", {"X": "1"}),
        ("CALLERID(num)=1", {}),
        ("${A}X=1", {"aX": "1"}),
    ],
)
def test_assignment(data: str, changes: dict[str, str]) -> None:
    found = assignment(data, {"N": "5", "L": "1,2,3", "A": "a"})
    assert (found.changes, found.uncertain) == (changes, False)


def test_assignment_of_globals() -> None:
    assert assignment("GLOBAL(X)=1", {}).global_changes == {"X": "1"}


def test_assignment_of_unknown_values() -> None:
    given = {"U": CALLER, "L": "1"}
    assert assignment("X=a${U}", given).changes == {"X": Unknown(("a", *CALLER.pieces))}
    assert assignment("PUSH(L)=${U}", given).changes == {"L": Unknown(("1,", *CALLER.pieces))}
    assert all(isinstance(new, Unknown) for new in assignment("ARRAY(A,B)=${U}", given).changes.values())


@pytest.mark.parametrize("data", ["${U}=1", "X${U}", "ODBC_X(1)=2"])
def test_assignment_to_some_variable(data: str) -> None:
    assert assignment(data, {"U": CALLER}).uncertain


def test_global_effects() -> None:
    found = evaluation("${SET(GLOBAL(G)=1)}${GLOBAL(G)}", {})
    assert (found.value, found.changes, found.global_changes) == ("11", {}, {"G": "1"})


def test_effects_of_unknown_values() -> None:
    assert run("${SET(X=a${U})}").changes == {"X": Unknown(("a", *CALLER.pieces))}
    assert run("${INC(U)}").changes == {"U": CALLER}
    assert run("${SHIFT(U)}").changes == {"U": CALLER}


@pytest.mark.parametrize("text", ["${INC(${U})}", "${EVAL(${U})}", "${SET(${U}=1)}", "${ODBC_X(1)}", "$[INC(${U})]"])
def test_effects_on_some_variable(text: str) -> None:
    assert run(text).uncertain


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("", False),
        ("0", False),
        ("00", False),
        ("0]", False),
        ("0abc", False),
        (" 0", False),
        ("-0", False),
        ("1", True),
        ("-1", True),
        ("abc", True),
        (" ", True),
        ("x0", True),
        ("]", True),
        ("4294967296", False),
    ],
)
def test_condition(text: str, true: bool) -> None:
    assert condition(text) is true


def test_an_unknown_condition_is_none() -> None:
    assert condition(CALLER) is None


@pytest.mark.parametrize(
    ("spec", "open_"),
    [
        ("*,*,*,*", True),
        ("9:00-17:00,mon-fri,*,*", True),
        ("9:00-11:59,*,*,*", False),
        ("22:00-12:00,*,*,*", True),
        ("*,sat&sun,*,*", True),
        ("*,fri-mon,*,*", True),
        ("*,mon-fri,*,*", False),
        ("*,7,*,*", True),
        ("*,*,21,*", True),
        ("*,*,22-20,*", False),
        ("*,*,*,nov", True),
        ("*,*,*,dec-oct", False),
        ("13:00-13:30,*,*,*,Europe/Warsaw", True),
        ("*,xyz,*,*", False),
        ("12:00,*,*,*", True),
        ("12:00-9:00,*,*,*", True),
        ("9:00-12:00,*,*,*", True),
        ("12:01-9:00,*,*,*", False),
    ],
)
def test_time(spec: str, open_: bool) -> None:
    saturday_noon = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    if spec.startswith("9:00-17:00"):
        saturday_noon = saturday_noon.replace(day=20)
    assert evaluate(f"${{IFTIME({spec}?open:shut)}}", {}, now=saturday_noon) == ("open" if open_ else "shut")


def test_time_without_a_zone() -> None:
    naive = datetime(2026, 11, 21, 12, 0)
    assert evaluate("${STRFTIME(,,%H:%M)}", {}, now=naive) == "12:00"
    assert isinstance(evaluate("${STRFTIME(0,,%H)}", {}, now=naive), Unknown)
    assert isinstance(evaluate("${STRFTIME(,UTC,%H)}", {}, now=naive), Unknown)


def test_crashes_are_named() -> None:
    for text in ("${SPRINTF()}", "${N:0:2147483648}"):
        value = run(text).value
        assert isinstance(value, Unknown)
        assert value.reason.startswith("Asterisk crashes")
