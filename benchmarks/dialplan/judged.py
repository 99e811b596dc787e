"""The table of docs/compared.md about sampled findings, from docs/compared/judged.csv and found.csv.

    python benchmarks/dialplan/judged.py

found.csv has how often each tool says each of its codes over all plans, judged.csv 100 of these for each tool with a
verdict: right (so, and a call or Asterisk shows it), harmless (so, and nothing comes of it), wrong. They were drawn
with seed 20261122 in turn over the codes, so that every rule is there; `weighted` counts each code as often as it
is said.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "compared"
VERDICTS = ("right", "harmless", "wrong")
TOOLS = ("concierge lint", "asterisklint", "asterisklint-jjs", "aelparse")
HEAD = "| | messages | of so many kinds | sampled | right | harmless | wrong | right, weighted |"


def rows(name: str) -> list[dict[str, str]]:
    """One of the two files."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weighted(said: Mapping[str, int], judged: list[dict[str, str]]) -> float:
    """The share of right messages if each code is right as often as in its sample."""
    drawn, right = Counter[str](), Counter[str]()
    for row in judged:
        drawn[row["code"]] += 1
        right[row["code"]] += row["verdict"] == "right"
    return sum(count * right[code] / drawn[code] for code, count in said.items()) / sum(said.values())


def table() -> Iterator[str]:
    """Its lines as Markdown."""
    judged, found = rows("judged.csv"), rows("found.csv")
    yield HEAD
    yield "|" + "---|" * HEAD.count(" |")
    for tool in TOOLS:
        own = [row for row in judged if row["tool"] == tool]
        said = {row["code"]: int(row["count"]) for row in found if row["tool"] == tool}
        verdicts = Counter(row["verdict"] for row in own)
        cells = [sum(said.values()), len(said), len(own), *(verdicts[one] for one in VERDICTS)]
        yield f"| {tool} | {' | '.join(map(str, cells))} | {100 * weighted(said, own):.0f} % |"


if __name__ == "__main__":
    print("\n".join(table()))
