"""Judge one plan in several processes: each takes some of the rules; what is found comes back in order.

The processes are forks, so that they share the plan and the calls that were explored. The rules that look at the
text only run while the calls are explored, the others are dealt out after that.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence

from dialplan.finding import Finding
from dialplan.rule import Rule
from dialplan.subject import Subject

Found = dict[int, list[Finding]]


def check_all(subject: Subject, rules: Sequence[Rule], jobs: int) -> list[Finding]:
    """As if each rule had been checked in turn, with `jobs` processes. Raises RuntimeError when one dies."""

    def judge(numbers: Iterable[int]) -> Found:
        return {number: list(check(subject)) for number in numbers if (check := rules[number].check)}

    texts = [number for number, rule in enumerate(rules) if not rule.follows_calls]
    calls = [number for number, rule in enumerate(rules) if rule.follows_calls]
    waiting = [_started(judge, texts[at :: jobs - 1]) for at in range(jobs - 1)]
    if calls:
        subject.flow.prepare()
    waiting += [_started(judge, calls[at::jobs]) for at in range(1, jobs)]
    found = judge(calls[::jobs])
    for answer in waiting:
        found |= answer()
    return [one for number in sorted(found) for one in found[number]]


def _started(judge: Callable[[Iterable[int]], Found], numbers: Sequence[int]) -> Callable[[], Found]:
    """Judge these in a process of its own; call the result to wait for what it finds."""
    if not numbers:
        return dict
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(judge(numbers)))
    process.start()
    there.close()

    def answer() -> Found:
        try:
            found: Found = here.recv()
        except EOFError as error:
            raise RuntimeError("a process that judges rules has died; what it said is above") from error
        process.join()
        return found

    return answer
