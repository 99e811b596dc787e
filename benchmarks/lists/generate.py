"""Numbers as registries hold them: all area codes, in thousand-blocks that are used more or less."""

from __future__ import annotations

import random
from collections.abc import Iterator

from pyroaring import BitMap

from models.registry.blocks import WIDTH, Blocks

THOUSAND = 1000
AREAS = 375
PATTERNS = 2000


def _patterns(choose: random.Random, thinned: float) -> list[BitMap]:
    """How a thousand-block may be used, a seventh of its numbers on average, and how much of that is in the list."""
    found = []
    for _ in range(PATTERNS):
        share = choose.betavariate(0.6, 3.4) * thinned
        count = min(THOUSAND, int(choose.expovariate(1) * share * THOUSAND + choose.random()))
        found.append(BitMap(choose.sample(range(THOUSAND), count)))
    return found


def blocks(count: int, seed: int = 5) -> Iterator[tuple[int, BitMap]]:
    """(first number of a thousand, which of them) all over the plan, about `count` in all."""
    choose = random.Random(seed)
    areas = sorted(choose.sample(range(201, 990), AREAS))
    used = AREAS * 800 * 10 * 0.55 * THOUSAND * 0.15
    patterns = _patterns(choose, count / used)
    for area in areas:
        for exchange in range(200, 1000):
            for thousand in range(10):
                if choose.random() < 0.55:
                    pattern = patterns[int(choose.random() * PATTERNS)]
                    if pattern:
                        yield int(f"1{area}{exchange}{thousand}000"), pattern


def registry(count: int) -> Blocks:
    """All of them, without a list of Python's integers in between."""
    found: dict[int, BitMap] = {}
    for first, pattern in blocks(count):
        place = first // WIDTH
        found.setdefault(place, BitMap()).update(pattern.shift(first % WIDTH))
    return Blocks(found)


def numbers(count: int) -> list[int]:
    """In order."""
    found = [first + one for first, pattern in blocks(int(count * 1.3)) for one in pattern]
    keep = len(found) / count
    if keep < 1:
        raise ValueError(f"only {len(found)} numbers")
    return [found[int(place * keep)] for place in range(count)]
