"""Many questions at once: the same answers as `Judge`, from memory where nothing is known about a number."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import select

from models.contact import Answer, Question
from models.errors import StoreError
from models.gate import Judge
from models.number import Number, Site
from models.number.quick import quick
from models.policy import Decision, NotListed, Reason, may_call
from models.registry.blocks import Building, Sorted, among, builder
from models.registry.watch import Registries
from models.store import Store
from models.tables import entry

_CHUNK = 100_000
_NEVER = re.compile("(?!)")


class Known:
    """Every number that the list has any entry of, as of when it was read."""

    def __init__(self, store: Store, at: Callable[[int], object] = lambda _count: None) -> None:
        """Raises StoreError. `at` is told how many have been read."""
        self._numbers: Building = builder()
        ranges: list[tuple[int, int]] = []
        with store.reading() as connection:
            rows = connection.execution_options(yield_per=_CHUNK).execute(select(entry.c.number, entry.c.last))
            for part in rows.partitions(_CHUNK):
                self._numbers.add([row[0] for row in part])
                ranges += [(row[0], row[1]) for row in part if row[1]]
                at(len(self._numbers))
        if isinstance(self._numbers, Sorted):
            self._numbers.settle()
        self._firsts, self._lasts = _merged(ranges)

    def suspects(self, numbers: Sequence[int]) -> set[int]:
        """Those that the rows must be asked about."""
        found = among(self._numbers, numbers)
        if self._firsts:
            found.update(filter(self._in_range, numbers))
        return found

    def _in_range(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]


def _merged(ranges: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """First and last numbers of ranges that do not overlap, in order."""
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(ranges):
        if lasts and first <= lasts[-1]:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts


class Bulk:
    """Answers for one campaign at one moment."""

    def __init__(self, judge: Judge, known: Known, registries: Registries, campaign: str, at: datetime) -> None:
        self._judge = judge
        self._known = known
        self._registries = registries
        self._campaign = campaign
        self._at = at
        self._read = reading(judge.site)

    def standing(self) -> Decision:
        """What becomes of a number that nothing is known about: when it is refused, all are."""
        judge = self._judge
        stale = judge.freshness.stale() if judge.freshness is not None else ""
        return may_call(Number(0), self._campaign, NotListed(), self._at, judge.rules, stale=stale)

    def as_of(self) -> str:
        """Of when the answers are, and of which day the registries that were asked."""
        headers = [holding.header for holding in self._registries.holdings.values()]
        told = [f"registry {one.name} of {one.country} as of {one.as_of}" for one in headers]
        return ", ".join([f"as of {self._at:%Y-%m-%d %H:%M}Z", *told])

    def answers(self, texts: Sequence[str]) -> list[Answer | None]:
        """For each text its answer; None: allowed, nothing is known about it. Raises StoreError."""
        numbers = self._read(texts)
        plain = [number for number in numbers if number is not None]
        suspects = self._known.suspects(plain) | self._registries.suspects(plain, self._at)
        return [
            None if number is not None and number not in suspects else self._slowly(text)
            for number, text in zip(numbers, texts, strict=True)
        ]

    def _slowly(self, text: str) -> Answer | None:
        answer = self._judge.answer_patiently(Question(text, self._campaign, "scrub"), self._at)
        if answer.decision.reason is Reason.LIST_UNAVAILABLE:
            raise StoreError(answer.decision.detail)
        return None if answer.decision.allowed and answer.decision.reason is Reason.NOT_LISTED else answer


def reading(site: Site) -> Callable[[Sequence[str]], list[int | None]]:
    """Texts -> the numbers that `interpret` gives, where that is plain to see; else None."""
    patterns: dict[str, Callable[[str], object]] = {}
    slow = quick(site)

    def read(texts: Sequence[str]) -> list[int | None]:
        for head in {text[:4] for text in texts}:
            if head not in patterns:
                patterns[head] = canonical(head).fullmatch
        return [int(text) if patterns[text[:4]](text) is not None else slow(text) for text in texts]

    return read


@lru_cache(maxsize=2000)
def canonical(head: str) -> re.Pattern[str]:
    """For texts that begin with these four characters: the ones that `interpret` takes for E.164 as they stand."""
    from models.number.plan import calling

    if re.fullmatch(r"\+[1-9]\d\d", head, re.ASCII) is None:
        return _NEVER
    plan = calling(head[1:])
    if plan is None or plan.marked:
        return _NEVER
    sizes = [size for size in plan.lengths if size > 6 and 7 <= size + len(plan.digits) <= 15]
    lengths = "|".join(rf"\d{{{size}}}" for size in sizes) or "(?!)"
    return re.compile(rf"\+{plan.digits}(?!{plan.trunk.pattern})(?:{lengths})", re.ASCII)
