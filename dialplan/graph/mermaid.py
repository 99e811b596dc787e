"""Mermaid's flowchart, as GitHub and GitLab draw it in Markdown."""

from __future__ import annotations

from dialplan.graph.model import Graph, Node


def render(graph: Graph) -> str:
    """A subgraph for each context; an extension has a name of its own that only this text uses."""
    lines = ["flowchart LR"]
    for number, group in enumerate(graph.groups):
        lines.append(f'  subgraph g{number}["{_text(group.title)}"]')
        lines += [f"    {_node(graph.nodes[node])}" for node in group.nodes]
        lines.append("  end")
    for edge in graph.edges:
        label = f"|{_text(', '.join(edge.labels))}|" if edge.labels else ""
        lines.append(f"  n{edge.source} -->{label} n{edge.target}")
    groups = {group.name: number for number, group in enumerate(graph.groups)}
    lines += [
        f"  g{groups[one]} -.->|include| g{groups[other]}"
        for one, other in graph.includes
        if one in groups and other in groups
    ]
    lines += [f"  class n{node.number} {node.ends[0]}" for node in graph.nodes if node.ends]
    lines += ["  classDef person stroke:#1a7f37", "  classDef cut stroke:#cf222e", "  classDef dead stroke:#cf222e"]
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    opened, closed = ("([", "])") if node.entry else ("[", "]")
    return f'n{node.number}{opened}"{_text(node.exten)}"{closed}'


def _text(text: str) -> str:
    """Letters that mean something to Mermaid as its own entities."""
    return "".join(letter if letter.isalnum() or letter in " _-.,/+" else f"#{ord(letter)};" for letter in text)
