"""Graphviz's DOT."""

from __future__ import annotations

from dialplan.graph.model import Graph, Node

COLOURS = {"person": "#1a7f37", "cut": "#cf222e", "dead": "#cf222e", "message": "#9a6700"}


def render(graph: Graph) -> str:
    """A cluster for each context."""
    style = 'rankdir=LR; node [shape=box, fontname="sans-serif"]; edge [fontname="sans-serif"];'
    lines = ["digraph dialplan {", f"  {style}"]
    for number, group in enumerate(graph.groups):
        lines.append(f"  subgraph cluster_{number} {{ label={_quoted(group.title)};")
        lines += [f"    {_node(graph.nodes[node])}" for node in group.nodes]
        lines.append("  }")
    for edge in graph.edges:
        label = f" [label={_quoted(', '.join(edge.labels))}]" if edge.labels else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{label};")
    first = {group.name: group.nodes[0] for group in graph.groups if group.nodes}
    lines += [
        f"  n{first[one]} -> n{first[other]} [style=dotted, label=include];"
        for one, other in graph.includes
        if one in first and other in first
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _node(node: Node) -> str:
    colour = next((COLOURS[end] for end in node.ends if end in COLOURS), "")
    more = f", color={_quoted(colour)}" if colour else ""
    shape = ", peripheries=2" if node.entry else ""
    return f"n{node.number} [label={_quoted(node.exten)}{more}{shape}];"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
