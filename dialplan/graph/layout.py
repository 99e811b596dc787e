"""Where boxes stand: in columns by how many jumps they are away, in each near to those that lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MOST = 40
"""So many boxes stand in one column; more go into the next one."""


def columns(starts: Iterable[str], links: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names column by column. What nothing leads to from the starts stands in columns of its own at the end."""
    ranks = _ranks(list(starts), links)
    made: list[list[str]] = []
    position: dict[str, float] = {}
    before = _sources(links)
    for rank in ranks:
        order = {name: number for number, name in enumerate(rank)}
        rank.sort(key=lambda name: (_middle(before.get(name, ()), position, order[name]), order[name]))
        for at in range(0, len(rank), MOST):
            part = rank[at : at + MOST]
            made.append(part)
            position |= {name: number / max(len(part), 1) for number, name in enumerate(part)}
    return made


def _middle(sources: Iterable[str], position: Mapping[str, float], otherwise: float) -> float:
    known = [position[name] for name in sources if name in position]
    return sum(known) / len(known) if known else 1 + otherwise


def _ranks(starts: list[str], links: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """From the starts; what is left begins anew with what nothing leads to, and what then is left stands together."""
    ranks: list[list[str]] = []
    seen: set[str] = set()
    led_to = {to for name, targets in links.items() for to in targets if to != name}
    for begin in (starts, [name for name in links if name not in led_to]):
        current = [name for name in begin if name in links and name not in seen]
        while current:
            seen.update(current)
            ranks.append(current)
            after = dict.fromkeys(to for name in current for to in links[name])
            current = [to for to in after if to not in seen and to in links]
    left = [name for name in links if name not in seen]
    return [*ranks, left] if left else ranks


def _sources(links: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, targets in links.items():
        for target in targets:
            made.setdefault(target, []).append(name)
    return made
