"""The figures as one HTML page with plots as SVG: no script, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any

from concierge.reporting.facts import rows_of

_STYLE = """
:root { color-scheme: light dark; --good: #48c; --bad: #c63; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td { padding: .25rem 1rem .25rem 0; border-top: 1px solid #8884; }
td:last-child { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.a { fill: var(--good); } .r { fill: var(--bad); } small { color: #777; }
"""
_WIDTH, _HEIGHT, _LEFT = 900, 180, 48
_BARS = 96  # more are put together


def page(facts: dict[str, Any]) -> str:
    """The whole page."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(of)}</td><td>{escape(value)}</td></tr>"
        for name, of, value in rows_of(facts)
    )
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Service figures</title><style>{_STYLE}</style></head><body>",
            f"<h1>Service figures</h1><p><small>{escape(facts['since'])} to {escape(facts['until'])}, UTC</small></p>",
            *_plots(facts),
            f"<h2>All figures</h2><table>{rows}</table>",
            "</body></html>\n",
        ]
    )


def _plots(facts: dict[str, Any]) -> Iterator[str]:
    if facts["hours"]:
        yield "<h2>Calls by hour: allowed and refused</h2>"
        yield columns(facts["hours"])
    told = facts["reception"]
    for title, counts in (
        ("Why calls were refused", facts["reasons"]),
        ("Where callers left a menu", told["by_menu"]),
        ("Why the operator got callers", told["by_guard"]),
        ("Calls round the gate", facts["bypasses"]),
        ("Opt-outs by key, by campaign", {name or "(none)": count for name, count in facts["opt_outs"].items()}),
    ):
        if counts:
            yield f"<h2>{escape(title)}</h2>"
            yield bars(sorted(counts.items(), key=lambda pair: -pair[1])[:20])


def columns(hours: dict[str, dict[str, int]]) -> str:
    """One column an hour, or several hours together."""
    found = _together(sorted(hours.items()))
    most = max(allowed + refused for _, allowed, refused in found) or 1
    step = (_WIDTH - _LEFT) / len(found)
    parts = []
    for place, (at, allowed, refused) in enumerate(found):
        left, width = _LEFT + place * step, max(1.0, step - 1)
        up, down = _HEIGHT * allowed / most, _HEIGHT * refused / most
        title = f"<title>{escape(at)}: {allowed} allowed, {refused} refused</title>"
        for kind, top, height in (("a", _HEIGHT - up, up), ("r", _HEIGHT - up - down, down)):
            box = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
            parts.append(f'<rect class="{kind}" {box}>{title}</rect>')
    ends = [(_LEFT, "start", found[0][0]), (_WIDTH, "end", found[-1][0])]
    texts = [f'<text x="{x}" y="{_HEIGHT + 16}" text-anchor="{side}">{escape(at[:16])}</text>' for x, side, at in ends]
    scale = f'<text x="{_LEFT - 6}" y="10" text-anchor="end">{most}</text>'
    return _svg(_HEIGHT + 22, "calls by hour", "".join([*parts, *texts, scale]))


def _together(hours: Sequence[tuple[str, dict[str, int]]]) -> list[tuple[str, int, int]]:
    """Every hour between the first and the last, in at most `_BARS` columns."""
    begins = [datetime.fromisoformat(at).timestamp() // 3600 for at, _ in hours]
    size = max(1, -int(-(begins[-1] - begins[0] + 1) // _BARS))
    count = int((begins[-1] - begins[0]) // size) + 1
    found = [[0, 0] for _ in range(count)]
    for begin, (_, pair) in zip(begins, hours, strict=True):
        column = found[int((begin - begins[0]) // size)]
        column[0] += pair["allowed"]
        column[1] += pair["refused"]
    zone = datetime.fromisoformat(hours[0][0]).tzinfo
    times = [datetime.fromtimestamp((begins[0] + n * size) * 3600, zone).isoformat() for n in range(count)]
    return [(at, one[0], one[1]) for at, one in zip(times, found, strict=True)]


def bars(counts: Sequence[tuple[str, int]]) -> str:
    """One bar each, the longest first."""
    most, parts = max(count for _, count in counts), []
    for row, (name, count) in enumerate(counts):
        top, width = row * 22, 560 * count / most
        parts.append(f'<text x="250" y="{top + 14}" text-anchor="end">{escape(name[:40])}</text>')
        parts.append(f'<rect class="a" x="258" y="{top + 3}" width="{width:.1f}" height="15"/>')
        parts.append(f'<text x="{264 + width:.1f}" y="{top + 14}">{count}</text>')
    return _svg(len(counts) * 22, "counts", "".join(parts))


def _svg(height: int, label: str, inside: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{inside}</svg>'
