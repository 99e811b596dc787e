"""Names, order and equality of extensions (main/pbx.c: ext_cmp)."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import pytest

from dialplan.plan.order import key, shrink, without_blanks, without_fluff


def test_asterisks_order() -> None:
    exact = ["", "12", "123", "2", "s"]
    patterns = [
        "_1[2]3.",
        "_12X",
        "_1[23]",
        "_1X",
        "_[1-3]",
        "_[2-4]",
        "_N",
        "_Z",
        "_X.",
        "_X!",
        "_X",
        "_.",
        "_!",
    ]
    names = exact + patterns
    for reverse in (False, True):
        assert sorted(sorted(names, reverse=reverse), key=key) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [("1-2", "12"), ("_x.", "_X."), ("_[321]", "_[1-3]"), ("_[5]", "_5"), ("_[]X", "_x"), ("_X-X", "_XX"), ("_n[9-1]z", "_NZ")],
)  # fmt: skip
def test_the_same_extension(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("X", "x"), ("_[1-35]", "_[1-5]"), ("_[", "_"), ("_1", "1"), ("_[1-05]", "_5")]
)
def test_not_the_same_extension(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_bytes_above_ascii_sort_as_signed_chars() -> None:
    assert sorted(["a", "\xe9", ""], key=key) == ["\xe9", "", "a"]


@pytest.mark.parametrize(
    ("written", "shown", "compared"),
    [
        ("1 2-3", "12-3", "123"),
        ("_[1 -3] -X", "_[1 -3]-X", "_[1 -3]X"),
        (" _[1-3]", "_[1-3]", "_[13]"),
        ("_[1-3 -", "_[1-3 -", "_[1-3 -"),
        ("[1-3]", "[1-3]", "[13]"),
    ],
)
def test_what_is_dropped_from_names(written: str, shown: str, compared: str) -> None:
    assert (without_blanks(written), without_fluff(written)) == (shown, compared)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("(12) 3-4.5.", "12345."), ("_[1-3]-X", "_[1-3]X"), ("", ""), ("a", "a"), ("]-[", "]-[")],
)
def test_caller_id_patterns_shrink(written: str, kept: str) -> None:
    assert shrink(written) == kept
