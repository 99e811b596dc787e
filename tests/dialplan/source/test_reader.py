"""Sections, templates and includes (main/config.c: process_text_line)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.source.files import Files
from dialplan.source.reader import Reader


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write files, read `main.conf`; gives the reader."""

    def run(text: str | bytes, **others: str) -> Reader:
        for name, other in others.items():
            (tmp_path / f"{name}.conf").write_text(other)
        files = Files(tmp_path)
        files.give("main.conf", text if isinstance(text, bytes) else text.encode())
        reader = Reader(files)
        reader.read("main.conf")
        return reader

    return run


def lines(reader: Reader) -> list[tuple[str, list[str]]]:
    """Name and `name=value` of each section that is no template."""
    return [
        (section.name, [f"{line.name}={line.value}" for line in section.all_lines()])
        for section in reader.sections.all
        if not section.template
    ]


def codes(reader: Reader) -> list[tuple[str, int]]:
    return [(note.code, note.line) for note in reader.notes]


def test_plain_lines(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\nx = 1\n y=>2\t\n\x01z \t= > 3\nx == 4\n\\;\\[q] = 5\n")
    assert lines(reader) == [("a", ["x=1", "y=2", "z=> 3", "x== 4", ";\\[q]=5"])]


@pytest.mark.parametrize(
    "line",
    [
        "exten =>",
        "exten => ",
        "exten =>\t1",
        "same =>",
        "same => x",
        "same =>  x",
        "exten => x",
        "exten => x\r",
    ],
)
def test_the_usual_forms_are_read_as_the_others(read, line: str) -> None:  # type: ignore[no-untyped-def]
    name, _, value = line.partition("=>")
    assert lines(read(f"[a]\n{line}\n")) == [("a", [f"{name.strip()}={value.strip()}"])]
    found = read(f"[a]\n{line}\n").sections.all[0].all_lines()[0]
    assert not found.value or line[found.column - 1 :].rstrip() == found.value


def test_every_line_keeps_its_place(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("\ufeff[a]\n\n  exten => 1,1,A\n")
    section = reader.sections.all[0]
    assert (section.line, section.source.path) == (1, "main.conf")
    assert section.all_lines()[0][2:4] == (3, 12)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("[t](!)\nx=1\n[a](t)\ny=2", [("a", ["x=1", "y=2"])]),
        ("[t](!)\nx=1\n[a](T,t)\n", [("a", ["x=1", "x=1"])]),
        ("[a]\nx=1\n[b](a)\n[a](+)\ny=2\n[c](a)", [("a", ["x=1", "y=2"]), ("b", ["x=1"]), ("c", ["x=1", "y=2"])]),
        ("[t](!)\nz=0\n[a]\nx=1\n[a](t,+)\ny=2", [("a", ["x=1", "z=0", "y=2"])]),
        ("[a]\nx=1\n[a](+)(!)\ny=1", [("a", ["x=1", "y=1"])]),
        ("[a] (+)\nx=1\n", [("a", ["x=1"])]),
        ("[b]\ny=1\n[a]()\nx=1\n", [("b", ["y=1"]), ("a", ["y=1", "x=1"])]),
        ("[" + "n" * 90 + "]\nx=1", [("n" * 79, ["x=1"])]),
        ("[a]\nx=1\n[a]\ny=1\n[a](+x=1)\nz=1\n[a](+y=[0-9])\nq=1", [("a", ["x=1", "z=1"]), ("a", ["y=1", "q=1"])]),
        ("[a](!)\nx=1\n[a](+TEMPLATES=include)\ny=1\n[b](a)\n", [("b", ["x=1", "y=1"])]),
    ],
)  # fmt: skip
def test_sections_that_build_on_others(read, text: str, result: object) -> None:  # type: ignore[no-untyped-def]
    reader = read(text)
    assert lines(reader) == result
    assert not reader.refused


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[a]\n[b", "no-closing-bracket", 2),
        ("[a](!", "no-closing-parenthesis", 1),
        ("\n\nx=1\n[a]", "no-section", 3),
        ("[a](b)", "unknown-template", 1),
        ("[a](+)", "unknown-section", 1),
        ("[a](!)\n[a](+)", "unknown-section", 2),
        ("[a]\nx=1\n[a](+,a)", "inherits-itself", 3),
        ("[a]\n#include none.conf", "include-missing", 2),
        ("[a]\n#include *.none", "include-missing", 2),
        ("[a]\n\\", "bad-escape", 2),
        (";-- " * 129, "comment-nesting", 1),
    ],
)
def test_what_makes_asterisk_refuse_all_of_it(read, text: str, code: str, line: int) -> None:  # type: ignore[no-untyped-def]
    reader = read(text)
    assert reader.refused
    assert codes(reader)[-1] == (code, line)
    assert reader.notes[-1].severity == "error"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[a]\nfoo", "no-equals"),
        ("[a]\n= 1", "no-name"),
        ("[a]\n#foo", "unknown-hash"),
        ("[a]\n#include", "include-empty"),
        ("[a]\n#exec /bin/true", "exec-skipped"),
        ("[a]\n" + "x" * 9000 + "=1", "line-too-long"),
        ("[a]\nx=1 --;", "comment-unterminated"),
        ("[a]\n;-- x=1", "comment-unterminated"),
    ],
)
def test_mere_warnings(read, text: str, code: str) -> None:  # type: ignore[no-untyped-def]
    reader = read(text + "\n" if "--" not in text else text)
    assert [note.code for note in reader.notes] == [code]
    assert not reader.refused


def test_an_include_starts_in_the_current_section_and_does_not_change_it(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\n#include one.conf\nx=3\n#include two.conf\n", one="x=1\n[b]\nx=2\n", two="x=4\n")
    assert lines(reader) == [("a", ["x=1", "x=3"]), ("b", ["x=2", "x=4"])]


def test_what_is_wrong_in_an_included_file_ends_only_that_file(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\n#include one.conf\nx=3\n", one="x=1\n[b\nx=2\n")
    assert lines(reader) == [("a", ["x=1", "x=3"])]
    assert not reader.refused


def test_numbers_comments_and_the_section_go_on_across_the_files_of_a_glob(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\n#include g?.conf\n", g1="[b]\nx=1\n;-- \n", g2="y=1\n--; y=2\ny=3")
    assert lines(reader) == [("a", []), ("b", ["x=1", "y=2", "y=3"])]
    assert [line.line for line in reader.sections.all[1].all_lines()] == [2, 6, 7]


def test_a_file_included_again_gets_another_name(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\n#include one.conf\n#tryinclude <one.conf>\n", one="x=1")
    assert [line.source.alias for line in reader.sections.all[0].all_lines()] == ["", "one.conf~~1"]


def test_a_file_that_includes_itself_stops_at_ten(read) -> None:  # type: ignore[no-untyped-def]
    """The deepest one is cut off and never gives its level back, so the second time there is one less."""
    reader = read("[a]\n#include one.conf\n#include one.conf\n", one="x=1\n#include one.conf\nx=2")
    values = "".join(line.value for line in reader.sections.all[0].all_lines())
    assert values == "1" * 10 + "2" * 9 + "1" * 9 + "2" * 8
    assert not reader.refused


def test_files_that_try_to_include_each_other_for_ever_have_an_end(read) -> None:  # type: ignore[no-untyped-def]
    reader = read("[a]\n#tryinclude one.conf\n", one="x=1\n" + "#tryinclude one.conf\n" * 9)
    assert "too-much-included" in dict(codes(reader))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x=1\nx=2\nx+=3\nx += 4", ["x=1", "x=234"[:4] + " 4"]),
        ("x += 1\nx +=> 2", ["x=1> 2"]),
        ("x=1\ny=2\nx=1\nx+=3", ["x=13", "y=2", "x=1"]),
        ("x=1\nx=\nx+=3", ["x=3", "x="]),
        ("X=a\nx=A\nx+=b", ["x=Ab", "x=A"]),
        ("x=1\nX+=2", ["x=1", "X=2"]),
    ],
)
def test_appending(read, text: str, result: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert lines(read(f"[a]\n{text}\n")) == [("a", result)]


def test_appending_does_not_reach_what_was_inherited_before(read) -> None:  # type: ignore[no-untyped-def]
    assert lines(read("[a]\nx=1\n[b](a)\n[a](+)\nx+=2\n")) == [("a", ["x=12"]), ("b", ["x=1"])]


def test_templates_that_double_each_other_have_an_end(read) -> None:  # type: ignore[no-untyped-def]
    text = "[t0](!)\nx=1\n" + "".join(f"[t{n + 1}](!,t{n},t{n})\n" for n in range(60))
    reader = read(text)
    assert reader.refused
    assert codes(reader)[-1][0] == "too-much-inherited"
