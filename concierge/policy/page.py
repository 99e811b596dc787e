"""A forecast as a page: one bar per step, and what stops the rest. No script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.forecast import Forecast

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.4 system-ui,sans-serif;margin:2rem auto;max-width:60rem;color:#222;background:#fff}}
table{{border-collapse:collapse}}td,th{{padding:.1rem .6rem;text-align:right}}
th:first-child,td:first-child{{text-align:left}}
rect{{fill:#2a6f97}}text{{font:10px system-ui,sans-serif;fill:#222}}</style>
<h1>{title}</h1><p>{summary}</p>"""


def page(title: str, summary: str, found: Forecast) -> str:
    """The whole HTML document."""
    stopped = "".join(
        f"<tr><td>{escape(reason)}</td><td>{count:,}</td></tr>" for reason, count in found.stopped.most_common()
    )
    parts = [
        _HEAD.format(title=escape(title), summary=escape(summary)),
        _plot(found),
        f"<h2>What stops the rest</h2><table><tr><th>reason</th><th>leads</th></tr>{stopped}</table>",
        f"<h2>When</h2><table><tr><th>from (UTC)</th><th>callable</th></tr>{_steps(found)}</table></html>",
    ]
    return "\n".join(parts)


def _plot(found: Forecast) -> str:
    most, width = max([1, *found.by_step]), 900 / max(1, len(found.by_step))
    bars = []
    for number, (moment, count) in enumerate(zip(found.span.moments, found.by_step, strict=True)):
        height = 200 * count / most
        told = f"{moment:%Y-%m-%d %H:%M} UTC: {count:,}"
        bars.append(
            f'<rect x="{number * width:.1f}" y="{210 - height:.1f}" width="{max(0.5, width - 1):.1f}" '
            f'height="{height:.1f}"><title>{told}</title></rect>'
        )
    first, last = found.span.moments[0], found.span.moments[-1]
    labels = f'<text x="0" y="225">{first:%a %d %b %H:%M}</text>'
    labels += f'<text x="900" y="225" text-anchor="end">{last:%a %d %b %H:%M} UTC</text>'
    labels += f'<text x="0" y="8">{most:,}</text>'
    drawn = "".join(bars) + labels
    return f'<svg viewBox="0 0 900 230" role="img" aria-label="leads that can be called, by time">{drawn}</svg>'


def _steps(found: Forecast) -> str:
    pairs = zip(found.span.moments, found.by_step, strict=True)
    return "".join(f"<tr><td>{moment:%a %Y-%m-%d %H:%M}</td><td>{count:,}</td></tr>" for moment, count in pairs)
