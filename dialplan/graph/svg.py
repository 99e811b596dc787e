"""The picture as one SVG file that shows everything, light and dark."""

from __future__ import annotations

from xml.sax.saxutils import escape

from dialplan.graph.model import Edge, Graph, Group, Node

WIDTH, ROW, HEAD, GAP, BETWEEN = 210, 18, 26, 26, 110
"""Pixels: a box, a row of it, its head, between boxes, between columns."""
MARKS = {"person": "☎", "message": "✉", "cut": "✖", "dead": "⚠", "stays": "∞", "open": "?"}
STYLE = """
svg{font:12px sans-serif;background:#fff}.box{fill:#f6f8fa;stroke:#8c959f}.name{font-weight:600}
.include{stroke-dasharray:3}
text{fill:#1f2328}path{fill:none;stroke:#6e7781}.cut,.dead{fill:#cf222e}.person{fill:#1a7f37}.message{fill:#9a6700}
.off{opacity:.5}.label{font-size:10px;fill:#0969da}
@media(prefers-color-scheme:dark){svg{background:#0d1117}.box{fill:#161b22;stroke:#6e7681}text{fill:#e6edf3}
path{stroke:#8b949e}.cut,.dead{fill:#ff7b72}.person{fill:#3fb950}.message{fill:#d29922}.label{fill:#58a6ff}}
"""

Places = dict[int, tuple[float, float]]


def render(graph: Graph) -> str:
    """Every box with all its rows."""
    boxes: list[str] = []
    places: Places = {}
    top: dict[int, float] = {}
    heads: dict[str, tuple[float, float]] = {}
    for group in graph.groups:
        x, y = GAP + group.column * (WIDTH + BETWEEN), top.get(group.column, GAP)
        boxes.append(_box(group, graph, x, y, places))
        heads[group.name] = x, y + HEAD / 2
        top[group.column] = y + HEAD + ROW * len(group.nodes) + GAP
    lines = [_edge(edge, places, graph) for edge in graph.edges]
    for one, other in graph.includes:
        if one in heads and other in heads:
            lines.append(f'<path class="include" d="{_curve(heads[one], heads[other])}"/>')
    width = GAP + (max((group.column for group in graph.groups), default=0) + 1) * (WIDTH + BETWEEN)
    size = f'width="{width}" height="{max(top.values(), default=GAP):g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>'
    return "\n".join([head, *lines, *boxes, "</svg>"]) + "\n"


def _box(group: Group, graph: Graph, x: float, y: float, places: Places) -> str:
    height = HEAD + ROW * len(group.nodes)
    parts = [
        f"<g><title>{escape(group.name)}</title>",
        f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{height}" rx="6"/>',
        f'<text class="name" x="{x + 8}" y="{y + 17}">{escape(_short(group.title, 28))}</text>',
    ]
    for number, at in enumerate(group.nodes):
        row = y + HEAD + ROW * number
        places[at] = x, row + ROW / 2 - 2
        parts.append(_row(graph.nodes[at], x, row + 12))
    return "".join([*parts, "</g>"])


def _row(node: Node, x: float, y: float) -> str:
    marks = "".join(f'<tspan class="{end}" dx="4">{MARKS[end]}</tspan>' for end in node.ends)
    entry = "▶ " if node.entry else ""
    off = "" if node.met else ' class="off"'
    title = escape("\n".join([f"{node.file}:{node.line}", *node.steps[:12]]))
    return (
        f'<text{off} x="{x + 12}" y="{y}">{entry}{escape(_short(node.exten, 22))}{marks}<title>{title}</title></text>'
    )


def _edge(edge: Edge, places: Places, graph: Graph) -> str:
    if graph.nodes[edge.source].context == graph.nodes[edge.target].context:
        return ""  # a key's extension stands in the same box
    curve = _curve(places[edge.source], places[edge.target])
    if not edge.labels:
        return f'<path d="{curve}"/>'
    (x, y), label = places[edge.source], ", ".join(edge.labels)
    name = f'<text class="label" x="{x + WIDTH + 4}" y="{y - 3}">{escape(_short(label, 14))}</text>'
    return f'<path d="{curve}"><title>{escape(label)}</title></path>{name}'


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """On to the left side of a box that stands after, back to the right side of one that stands before."""
    (x1, y1), (x2, y2) = start, end
    bend = BETWEEN / 2
    if x2 == x1:
        return f"M{x1:g} {y1:g}C{x1 - 40:g} {y1:g} {x2 - 40:g} {y2:g} {x2:g} {y2:g}"
    if x2 > x1:
        x1 += WIDTH
    else:
        x2, bend = x2 + WIDTH, -bend
    return f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
