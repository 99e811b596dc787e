"""Patterns against the C library's own regcomp and regexec."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from dialplan.expression.regex import search
from dialplan.expression.value import UnknowableError


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs glibc's regcomp")
def test_random_patterns_match_as_in_the_c_library(regexes: ModuleType) -> None:
    totals = regexes.compare(count=4000, seed=1, show=5)
    assert totals["different"] == 0
    assert totals["unknown"] < totals["patterns"] // 10


@pytest.mark.parametrize(
    ("pattern", "text", "span", "group"),
    [
        ("b|bc|bcd", "abcd", (1, 4), None),
        ("a?(ab)?", "ab", (0, 2), "ab"),
        ("(a|ab)(c|bcd)", "abcd", (0, 4), "a"),
        ("x*", "aaa", (0, 0), None),
        ("^$", "", (0, 0), None),
        ("a^b", "a^b", None, None),
        ("[[:digit:]]+", "ab12", (2, 4), None),
        ("[]a]+", "x]a", (1, 3), None),
        ("a{2,3}", "aaaa", (0, 3), None),
        (r"\bfoo\b", "a foo b", (2, 5), None),
    ],
)
def test_leftmost_longest(pattern: str, text: str, span: tuple[int, int] | None, group: str | None) -> None:
    found = search(pattern, text)
    assert found is not None
    assert (found.span, found.group) == (span, group)


@pytest.mark.parametrize("pattern", ["(", "*a", "a{2", "a{3,1}", "[b-a]", "[[:nope:]]", "a\\", "^*", "[a"])
def test_malformed_patterns(pattern: str) -> None:
    assert search(pattern, "a") is None


@pytest.mark.parametrize("pattern", [r"(a)\1", "((a*)|b)*", "[[.space.]]", "(a{1000}){1000}"])
def test_what_is_not_modelled_is_said(pattern: str) -> None:
    with pytest.raises(UnknowableError):
        search(pattern, "aa")


def test_outside_ascii_the_locale_must_not_matter() -> None:
    found = search("za\xc5\xbc", "za\xc5\xbc\xc3\xb3")
    assert found is not None
    assert found.span == (0, 4)
    for pattern in ("z.{2}", "[0-\xc5\xbc9]"):
        with pytest.raises(UnknowableError):
            search(pattern, "z\xc5\xbc\xc3")
