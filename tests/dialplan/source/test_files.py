"""Lines as fgets cuts them, names as glob(3) finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.source.files import Files, braces, decode


@pytest.mark.parametrize(
    ("data", "lines", "too_long"),
    [
        (b"", [""], set()),
        (b"a\nb", ["a", "b"], set()),
        (b"a\nb\n", ["a", "b", ""], set()),
        (b"x" * 8190 + b"\na", ["x" * 8190, "a"], set()),
        (b"x" * 8191 + b"\na", ["x" * 8191, "a"], {0}),
        (b"a\0b\nc\n", ["a", "c", ""], set()),
        (b"\0" + b"x" * 8190 + b"y = 1\nc", ["", "y = 1", "c"], set()),
        (b"\0\n" + b"x" * 20000 + b"\nc", ["", "x" * 8191, "c"], {1}),
    ],
)
def test_bytes_to_lines(data: bytes, lines: list[str], too_long: set[int]) -> None:
    text = decode(data)
    assert (text.lines, set(text.too_long)) == (lines, too_long)


@pytest.mark.parametrize(
    ("pattern", "all_of_it"),
    [
        ("a", ["a"]),
        ("{a,b}c", ["ac", "bc"]),
        ("{a,b{c,d}}", ["a", "bc", "bd"]),
        ("{a", ["{a"]),
        ("{}", ["{}"]),
        ("{a}", ["a"]),
        ("{,x}{1,2}", ["1", "2", "x1", "x2"]),
    ],
)
def test_braces(pattern: str, all_of_it: list[str]) -> None:
    assert braces(pattern) == all_of_it


def test_braces_that_multiply_have_an_end() -> None:
    assert len(braces("{a,b}" * 40)) < 5000


def test_names_are_relative_to_the_root_which_stands_for_etc_asterisk(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("b.conf", "a.conf", ".hidden.conf"):
        (tmp_path / "d" / name).touch()
    files = Files(tmp_path)
    assert files.find("d/*.conf") == [f"{tmp_path}/d/a.conf", f"{tmp_path}/d/b.conf"]
    assert files.find("/etc/asterisk/d/[^b].conf") == [f"{tmp_path}/d/a.conf"]
    assert files.find("missing.conf") == [f"{tmp_path}/missing.conf"]
    assert files.find("*.none") == []
    assert files.find("d/\\a.conf") == [f"{tmp_path}/d/a.conf"]
    assert files.find("d/\\x.conf") == [f"{tmp_path}/d/\\x.conf"]
    assert files.find("\\d/?.conf") == [f"{tmp_path}/d/a.conf", f"{tmp_path}/d/b.conf"]
    assert files.find("/dev/null") == ["/dev/null"]


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.read(str(tmp_path)) is None
    assert files.read("/dev/null") is None
    assert files.read(f"{tmp_path}/a\0b") is None
