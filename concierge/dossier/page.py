"""A dossier as one HTML page: no script, no network, prints as it looks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .5rem; }
tr { border-top: 1px solid #8884; } td:first-child { white-space: nowrap; }
.refuse { border-left: 4px solid #2a7; } .allow { border-left: 4px solid #48c; }
.bypass { border-left: 4px solid #c33; }
.opt-out { border-left: 4px solid #a4c; } small, dl { color: #777; font-size: .85em; } dd { margin: 0 0 0 1rem; }
.good { color: #2a7; } .bad { color: #c33; } code { overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } tr { break-inside: avoid; } }
"""

_HIDDEN = ("what", "seq", "at", "told", "number")


def page(facts: dict[str, Any]) -> str:
    """The whole page."""
    title = f"Dossier of {facts['number']}" if facts["number"] else "Evidence"
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f"<p><small>{_line(facts)}</small></p>",
            "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in facts["summary"]) + "</ul>",
            "<h2>What happened</h2><table>",
            *(_row(row, facts["number"] is None) for row in facts["history"]),
            "</table>",
            *_imports(facts["imports"]),
            *_verified(facts["verified"]),
            "</body></html>\n",
        ]
    )


def _line(facts: dict[str, Any]) -> str:
    since = f" from {facts['since']}" if facts["since"] else ""
    until = f" to {facts['until']}" if facts["until"] else ""
    return escape(f"Site {facts['site']}, made {facts['made_at']}{since}{until}. Times are UTC.")


def _row(row: dict[str, Any], named: bool) -> str:
    kind = row["verdict"].lower() if row["what"] == "check" else row["what"]
    number = f"<strong>{escape(row['number'] or '')}</strong> " if named else ""
    link = f"row {row['seq']}, link {row['link']}" if row["link"] else f"row {row['seq']}, in no link"
    details = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(_text(value))}</dd>"
        for name, value in row.items()
        if name not in _HIDDEN and value not in (None, "", [], {})
    )
    body = f"{number}{escape(row['told'])}<details><summary><small>{link}</small></summary><dl>{details}</dl></details>"
    return f'<tr class="{escape(kind)}"><td>{escape(row["at"])}</td><td>{body}</td></tr>'


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _imports(imports: list[dict[str, Any]]) -> Iterator[str]:
    if imports:
        yield "<h2>Files that brought listings</h2><table>"
    for one in imports:
        undone = f", taken back {one['undone_at']}" if one["undone_at"] else ""
        told = f"{one['name']} ({one['format']}), by {one['actor']}{undone}"
        yield f"<tr><td>{escape(one['at'])}</td><td>{escape(told)}<br><small>SHA-256 {one['content']}</small></td></tr>"
    if imports:
        yield "</table>"


def _verified(found: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Is this evidence intact?</h2>"
    if found["intact"]:
        yield f'<p class="good">Yes: {found["rows"]:,} rows and {found["links"]:,} links were recomputed.</p>'
    else:
        yield f'<p class="bad">No: {len(found["findings"])} findings.</p><ul>'
        yield from (f"<li>{escape(one['where'])}: {escape(one['what'])}</li>" for one in found["findings"][:100])
        yield "</ul>"
    if found["head"]:
        head = found["head"]
        end = f"link {head['position']}, <code>{head['chain']}</code>, {head['at']}"
        yield f"<p><small>End of the chain: {end}</small></p>"
