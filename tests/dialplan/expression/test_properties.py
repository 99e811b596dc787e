"""Any text is evaluated: no exception, no hang, the same twice."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialplan.expression import DATA_LIMIT, Unknown, World, condition, evaluate, evaluation

VARIABLES = {
    "A": "hello",
    "B": "12",
    "REF": "${EVAL(${REF})}${EVAL(${REF})}",
    "U": Unknown.because("${U}", "no idea"),
}
SYNTAX = st.sampled_from(
    [
        *"${}[]()\"\\,:;?!|&=<>+-*/%~'@#^. \t\n09aAé",
        "${",
        "$[",
        "${A}",
        "${B}",
        "${U}",
        "${REF}",
        "${EVAL(",
        "${CUT(A,",
        "${IF(",
        "${SET(A=",
        "${STRREPLACE(A,l,",
        "${SPRINTF(%",
        "${MATH(",
        '${REGEX("',
        " =~ ",
        "::",
        "]",
        "}",
        ")}",
        "LEN(",
        "PASSTHRU(",
        "\\x",
        "\\0",
        "1e9",
        "99999999999999999999",
        "\ud800",
        "\x00",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(SYNTAX, max_size=60).map("".join))


@settings(deadline=None)  # a machine under load
@given(TEXTS)
def test_any_text(text: str) -> None:
    first = evaluation(text, VARIABLES)
    assert first == evaluation(text, VARIABLES)
    condition(first.value)
    if isinstance(first.value, str):
        assert len(first.value.encode("utf-8", "surrogateescape")) <= DATA_LIMIT


@given(st.text(alphabet=st.characters(exclude_characters="$\x00", codec="utf-8"), max_size=200))
def test_text_without_dollars_is_itself(text: str) -> None:
    assert evaluate(text, {}) == text


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="\x00", codec="utf-8"), max_size=200), TEXTS)
def test_a_known_variable_is_copied(value: str, name: str) -> None:
    assert evaluate("<${A}>", {"A": value, name: "other"} if name != "A" else {"A": value}) == f"<{value}>"


@settings(deadline=None)
@given(TEXTS, st.text(max_size=20))
def test_unknown_admits_what_a_known_value_gives(text: str, value: str) -> None:
    """The result with the variable known is among those that the unknown result allows."""
    shown = text.replace("$", "").replace("\x00", "")
    unknown = evaluate(shown[:50] + "${V}" + shown[50:100], {"V": Unknown.because("${V}", "any")})
    known = evaluate(shown[:50] + "${V}" + shown[50:100], {"V": value})
    assert isinstance(unknown, Unknown)
    assert isinstance(known, str)
    assert unknown.could_be(known)


@pytest.mark.parametrize(
    "text",
    [
        "${" * 4000,
        "$[" * 4000,
        "${A" * 3000,
        "${${A}" * 1500,
        "$[" + "(" * 8000,
        "$[" + "-" * 8000 + "1]",
        "$[" + "!" * 8000 + "1]",
        "$[" + "1+" * 4000 + "1]",
        "$[" + "9" * 8000 + "]",
        "$[" + "9" * 3900 + "+0.5]",
        "$[" + "1?1::" * 1500 + "1]",
        "$[POW(99999999999999999999,4096)]",
        "${LEN(" * 1500,
        "${CUT(" + "CUT(" * 1500,
        "${CUT(" + "PASSTHRU(" * 600 + "A" + ")" * 601 + "}",
        "${REF}",
        "${EVAL(${REF})}",
        "${CUT(EVAL(${REF}),-,1)}",
        "${A:" + "9" * 5000 + "}",
        '$["' + "a" * 3000 + '" =~ "' + "(a*)*" * 200 + 'b"]',
        '$["a" =~ "' + "(" * 1000 + '"]',
        '$["a" =~ "a' + "*" * 3000 + '"]',
        '$["a" =~ "(x)(((){32767}){32767}){32767}"]',
        '$["a" =~ "a{30000}{30000}"]',
        "${FILTER(" + "a-" * 3000 + ",x)}",
        "${STRREPLACE(A,l," + "${A}" * 1000 + ")}",
        "${SPRINTF(%999999999d,1)}",
        "${SPRINTF(%.999999999f,1)}",
        "${STRBETWEEN(A," + "x" * 7000 + ")}",
        "x" * 10_000_000,
        "$" * 1_000_000,
        "${MATH(9e99^9e99)}",
        "${URIDECODE(" + "%" * 4000 + ")}",
        '${REGEX("' + "[" * 3000 + '" a)}',
        "$[" + '"' * 8000,
    ],
)
def test_heavy_texts_end_soon(text: str) -> None:
    start = time.process_time()
    evaluation(text, VARIABLES, world=World())
    assert time.process_time() - start < 20


def test_time_is_linear() -> None:
    def cost(size: int) -> float:
        text = ("a$[1+2]b${A}${UNSET:1:2}" * size)[: size * 20]
        start = time.process_time()
        evaluation(text, VARIABLES)
        return time.process_time() - start

    cost(50)
    small, large = min(cost(500) for _ in range(3)), min(cost(5000) for _ in range(3))
    assert large < 40 * max(small, 0.001)
