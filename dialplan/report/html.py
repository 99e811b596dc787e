"""One HTML file that needs no network: the calls as a picture with the findings on it, a table, the rules, the gaps."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import Any

from dialplan.finding import Finding, Severity, Unknown
from dialplan.graph.model import ENDS, Graph
from dialplan.lint import Report
from dialplan.report.shown import Shown, come_in, plural, relative, with_keys, word, words
from dialplan.report.text import total
from dialplan.rule import Rule, rules

Data = dict[str, Any]


def render(report: Report, shown: Shown | None = None) -> str:
    """The page. What it shows stands in it as JSON; its script draws it."""
    shown = shown or Shown()
    graph = _joined(shown.graphs)
    data = {
        "graph": _graph(graph),
        "findings": [_finding(finding, graph, shown) for finding in report.findings],
        "unknown": [_unknown(item) for item in report.unknown],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\!--")
    folder = files("dialplan.report").joinpath("data")
    page = folder.joinpath("report.html").read_text("utf-8")
    parts = {
        "STYLE": folder.joinpath("report.css").read_text("utf-8"),
        "SCRIPT": folder.joinpath("report.js").read_text("utf-8"),
        "TITLE": escape(", ".join(relative(file) for file in report.files[:1]) or "dialplan"),
        "TOTAL": escape(total(report)),
        "ENTRIES": escape(f"Calls were taken to come in at {names}." if (names := come_in(report, 6)) else ""),
        "COUNTS": _counts(report),
        "LEGEND": " ".join(f'<span class="{name}">{_mark(name)} {escape(said)}</span>' for name, said in ENDS.items()),
        "RULES": _pages(report),
        "VERSION": escape(f"concierge {shown.version}".strip()),
        "DATA": text,
    }
    for name, value in parts.items():
        page = page.replace(f"<!--{name}-->", value)
    return page


def _mark(name: str) -> str:
    from dialplan.graph.svg import MARKS

    return MARKS[name]


def _joined(graphs: tuple[Graph, ...]) -> Graph:
    """Of several plans one picture, one to the right of the other."""
    whole = Graph((), (), ())
    for graph in graphs:
        nodes, shift = len(whole.nodes), max((group.column for group in whole.groups), default=-1) + 1
        whole = Graph(
            whole.nodes + tuple(node._replace(number=node.number + nodes) for node in graph.nodes),
            whole.edges + tuple(e._replace(source=e.source + nodes, target=e.target + nodes) for e in graph.edges),
            whole.groups
            + tuple(
                group._replace(column=group.column + shift, nodes=tuple(number + nodes for number in group.nodes))
                for group in graph.groups
            ),
            whole.includes + graph.includes,
            {**whole.places, **{place: number + nodes for place, number in graph.places.items()}},
        )
    return whole


def _graph(graph: Graph) -> Data:
    names = {group.name: number for number, group in enumerate(graph.groups)}
    return {
        "nodes": [
            {"x": n.exten, "f": relative(n.file), "l": n.line, "s": n.steps, "e": n.ends, "i": n.entry, "m": n.met}
            for n in graph.nodes
        ],
        "edges": [[edge.source, edge.target, ", ".join(edge.labels)] for edge in graph.edges],
        "groups": [{"n": g.name, "t": g.title, "c": g.column, "k": g.nodes} for g in graph.groups],
        "includes": [[names[a], names[b]] for a, b in graph.includes if a in names and b in names],
    }


def _finding(finding: Finding, graph: Graph, shown: Shown) -> Data:
    place = finding.spot.place
    made: Data = {
        "c": finding.code,
        "s": str(finding.severity),
        "m": finding.message,
        "f": relative(place.file),
        "l": place.line,
        "x": finding.spot.context,
        "n": graph.places.get((place.file, place.line), -1),
        "src": shown.line(place) or "",
        "fix": finding.fix.title if finding.fix else "",
        "gui": finding.gui,
        "own": finding.own,
    }
    if finding.witness:
        made["keys"] = words(finding.witness)
        made["end"] = finding.witness.verdict
        made["way"] = [
            [
                f"{step.context},{step.exten},{step.priority}",
                f"{relative(step.place.file)}:{step.place.line}",
                step.application,
                ", ".join(word(way) for way in ways),
                graph.places.get((step.place.file, step.place.line), -1),
            ]
            for step, ways in with_keys(finding.witness)
        ]
    return made


def _unknown(item: Unknown) -> list[Any]:
    return [item.reason, item.message, relative(item.spot.place.file), item.spot.place.line]


def _counts(report: Report) -> str:
    chips = [
        f'<span class="chip {severity}">{plural(report.count(severity), str(severity))}</span>'
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    ]
    return "".join([*chips, f'<span class="chip open">{plural(len(report.unknown), "place")} not proven</span>'])


def _pages(report: Report) -> str:
    """The pages of the rules that spoke first, then the others."""
    spoke = {finding.code for finding in report.findings}
    ordered = sorted(rules(), key=lambda rule: (rule.code not in spoke, rule.code))
    return "".join(_page(rule, rule.code in spoke) for rule in ordered)


def _page(rule: Rule, spoke: bool) -> str:
    body = []
    for name, text in rule.sections.items():
        code = name in ("Bad", "Good")
        inside = f"<pre>{escape(text)}</pre>" if code else f"<p>{escape(text)}</p>"
        body.append(f"<h4>{escape(name)}</h4>{inside.replace('; expect:', '; ←').replace('; expect-above:', '; ↑')}")
    mark = ' class="spoke"' if spoke else ""
    head = f'<summary><b class="{rule.severity}">{rule.code}</b> {escape(rule.title)}</summary>'
    return f'<details id="rule-{rule.code}"{mark}>{head}{"".join(body)}</details>'
