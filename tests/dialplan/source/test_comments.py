"""Comments, as main/config.c cuts them."""

from __future__ import annotations

import pytest

from dialplan.source.comments import NEST_LIMIT, Comments, TooDeepError


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("a = b ; c", "a = b "),
        (r"a = b\;c ; d", "a = b;c "),
        ('a = "b;c"', 'a = "b'),
        (";--- a", ""),
        (";-- a --; b", " b"),
        ("a;-- b --;c", "ac"),
        ("a;-- b ;-- c --; d --;e ; f", "ae "),
        (";--== end of [x] ==--;", ""),
        ("a --; b", "a --; b"),
        ("a\0;b", "a"),
        ("a;-- b", "a"),
        (r";-- a \;-- b --;c", "c"),
    ],
)
def test_one_line(text: str, live: str) -> None:
    assert Comments().strip(text, 1) == live


def test_a_block_goes_on_until_it_ends() -> None:
    comments = Comments()
    lines = ["a;-- 1", "b", "c ;-- 2", "--; d", "--; e", "f"]
    assert [comments.strip(text, n) for n, text in enumerate(lines, 1)] == ["a", "", "", "", " e", "f"]
    assert comments.unfinished() is None


def test_an_unfinished_block_is_known_by_its_line() -> None:
    comments = Comments()
    for number, text in enumerate(["a", ";-- b", "c ;-- d", "--;"], 1):
        comments.strip(text, number)
    assert comments.unfinished() == 2


def test_a_stray_end_silences_what_follows() -> None:
    comments = Comments()
    assert comments.strip("a --;", 1) == "a --;"
    assert comments.strip("b", 2) == ""
    assert comments.unfinished() == 0


def test_more_nesting_than_asterisk_survives() -> None:
    comments = Comments()
    comments.strip(";-- " * NEST_LIMIT, 1)
    with pytest.raises(TooDeepError):
        comments.strip(";-- ", 2)
