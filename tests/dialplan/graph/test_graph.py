"""The picture of a plan: who leads to whom with which key, and the formats that draw it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from concierge.cli import main
from dialplan.applications import tables
from dialplan.graph import Graph, build, dot, mermaid, svg
from dialplan.graph.layout import MOST, columns
from dialplan.plan import loads
from dialplan.subject import from_files

PLAN = """[globals]
TRUNKPASS=s3cretValue
[from-trunk]
exten => s,1,Goto(menu,s,1)
[menu]
include => common
exten => s,1,Background("welcome")
 same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/100,20)
 same => n,VoiceMail(100@default)
 same => n,Hangup()
exten => 2,1,Goto(nowhere,${TRUNKPASS},1)
exten => i,1,Goto(s,1)
[common]
exten => 0,1,AGI(x.py,s3cretValue)
[never]
exten => "odd]|{,1,Return()
"""


def graph(text: str = PLAN) -> Graph:
    return build(from_files(loads(text.encode()), tables.load("22"), {"extensions.conf": text}))


def test_nodes_are_extensions_with_the_ends_that_calls_have_there() -> None:
    made = graph()
    ends = {f"{node.context},{node.exten}": node.ends for node in made.nodes}
    assert ends["menu,1"] == ("person", "message", "cut")
    assert ends["menu,2"] == ("dead",)
    assert ends["common,0"] == ("cut", "open")
    assert next(f"{node.context},{node.exten}" for node in made.nodes if node.entry) == "from-trunk,s"
    assert made.places["extensions.conf", 10] == made.places["extensions.conf", 9]


def test_edges_carry_the_keys() -> None:
    made = graph()
    names = [f"{node.context},{node.exten}" for node in made.nodes]
    edges = {(names[edge.source], names[edge.target]): edge.labels for edge in made.edges}
    assert edges["from-trunk,s", "menu,s"] == ()
    assert edges["menu,s", "menu,1"] == ("1",)
    assert edges["menu,s", "common,0"] == ("0",)
    assert edges["menu,s", "menu,i"] == ("wrong key",)
    assert made.includes == (("menu", "common"),)


def test_columns_follow_the_jumps_and_are_not_too_long() -> None:
    links = {"a": ["b", "c"], "b": ["d"], "c": ["a"], "d": [], "alone": []}
    assert columns(["a"], links) == [["a"], ["b", "c"], ["d"], ["alone"]]
    wide = columns(["a"], {"a": [f"m{n}" for n in range(100)], **{f"m{n}": [] for n in range(100)}})
    assert [len(column) for column in wide] == [1, MOST, MOST, 100 - 2 * MOST]
    assert columns([], {}) == []


@pytest.mark.parametrize("render", [mermaid.render, dot.render, svg.render])
def test_no_format_holds_a_credential_and_none_fails_on_nothing(render: object) -> None:
    assert callable(render)
    text = render(graph())
    assert "s3cretValue" not in text
    assert "menu" in text
    assert render(graph("; nothing\n"))


def test_mermaid_has_a_line_a_node_and_no_letter_that_it_would_read() -> None:
    text = mermaid.render(graph())
    assert text.startswith("flowchart LR\n")
    lines = text.splitlines()
    assert all(
        re.fullmatch(
            r'\s*(flowchart LR|end|subgraph g\d+\["[\w #;.,/+-]*"\]|n\d+(\(\[|\[)"[\w #;.,/+-]*"(\]\)|\])'
            r"|n\d+ -->(\|[\w #;.,/+-]+\|)? n\d+|g\d+ -\.->\|include\| g\d+|class \w+ \w+|classDef \w+ stroke:#\w+)",
            line,
        )
        for line in lines
    ), text
    assert sum(" --> " in line or "-->|" in line for line in lines) == len(graph().edges)


def test_svg_is_xml_and_draws_every_row() -> None:
    root = ElementTree.fromstring(svg.render(graph()))  # noqa: S314 - our own text
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//s:rect", space)) == len(graph().groups)
    shown = {(element.text or "").strip("▶ ") for element in root.findall(".//s:text", space)}
    assert {node.exten for node in graph().nodes} <= shown


def test_dot_quotes_every_name() -> None:
    quoted = r'"(?:[^"\\]|\\.)*"'
    line = rf"(subgraph cluster_\d+ {{ label={quoted};|}}|n\d+( -> n\d+)?( \[(\w+=({quoted}|\w+)(, )?)+\])?;)"
    text = dot.render(graph()).splitlines()
    assert (text[0], text[-1]) == ("digraph dialplan {", "}")
    assert all(re.fullmatch(line, one.strip()) for one in text[2:-1]), text
    assert sum(" -> " in one for one in text) == len(graph().edges) + len(graph().includes)


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg", "html"])
def test_the_command(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text(PLAN, encoding="utf-8")
    assert main(["graph", str(tmp_path), "--format", form, "--entry", "menu"]) == 0
    out = capsys.readouterr().out
    assert "menu" in out
    assert main(["graph", str(path), "--format", form, "--entry", "menu", "-o", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").read_text(encoding="utf-8") == out


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "extensions.conf"
    path.write_text("[broken\n", encoding="utf-8")
    assert main(["graph", str(path)]) == 1
    path.write_text(PLAN, encoding="utf-8")
    assert main(["graph", str(path), "--entry", "gone"]) == 2
    assert main(["graph", str(tmp_path / "none")]) == 2
    assert main(["graph", str(path), "--output", str(tmp_path / "no" / "file")]) == 2
    assert "there is no context [gone]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "begins"), [("a.html", "<!"), ("a.SVG", "<svg"), ("a.dot", "digraph"), ("a", "flowchart")]
)
def test_the_name_of_the_file_says_the_format(name: str, begins: str, tmp_path: Path) -> None:
    """A page that held Mermaid was what `-o calls.html` gave."""
    (tmp_path / "extensions.conf").write_text(PLAN)
    assert main(["graph", str(tmp_path / "extensions.conf"), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_text().startswith(begins)
    assert main(["graph", str(tmp_path / "extensions.conf"), "-o", str(tmp_path / name), "--format", "mermaid"]) == 0
    assert (tmp_path / name).read_text().startswith("flowchart")
