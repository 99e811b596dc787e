"""Compares the interpreter's path with the steps of a real Asterisk, on random dialplans and callers.

    PYTHONPATH=. python tests/fuzz/walk.py --seed 1 --count 2000 [--asterisk 22] [--no-autofallthrough]

Prints every difference made small. Exit code 1 when there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from walk_plans import MISSING, PROMPTS, SHORT, STUB_CONTEXT, Walk, walks

from concierge.replay.caller import BUSY, PlannedCall, listener
from concierge.replay.compare import Comparison, compare
from concierge.replay.sandbox import Ran, Sandbox
from dialplan.applications import tables
from dialplan.flow import At, Inputs, Trace, walk
from dialplan.flow.model import Ended, TraceStep
from dialplan.plan import loads
from dialplan.plan.match import find

LIMIT = 40
BATCH = 700
TRIES = ((100, 40.0), (20, 60.0), (4, 120.0))
"""How many calls at once, and the seconds that each may take: again with fewer where timing may be the reason."""
HASTY_TRIES = ((2, 20.0),)
"""For calls that go round without a wait: they keep the server busy, some even after they were hung up."""
QUICK = frozenset({"background", "waitexten", "read", "dial", "wait", "playback", "congestion", "busy", "incomplete"})


def traced(one: Walk, version: str, autofallthrough: bool = True) -> Trace:
    """What the interpreter says."""
    general = f"[general]\nautofallthrough = {'yes' if autofallthrough else 'no'}\n"
    plan = loads((general + one.text() + STUB_CONTEXT).encode())
    results = {"Dial": one.results}
    variables = {"R": ",".join(one.results), "TIMEOUT(digit)": "1.2", "TIMEOUT(response)": "1.2"}
    now = datetime.now(UTC)
    inputs = Inputs(one.keys, results, variables, now, missing_sounds=MISSING, steps=LIMIT, rounds=True)
    return walk(plan, tables.load(version), At(one.context, "s", 1), inputs)


def restless(trace: Trace) -> bool:
    """True for a path that may go round without a wait: such calls keep the server busy."""
    tail = (trace.hangup_steps or trace.steps)[-12:]
    goes_on = trace.end.kind is Ended.LIMIT or len(trace.hangup_steps) >= LIMIT
    return goes_on and not any(step.application.lower() in QUICK for step in tail)


def unseen(one: Walk, trace: Trace) -> bool:
    """True when keys are waited for after a last step that takes time: no line of the log tells when it is over."""
    plan = loads(one.text().encode())

    def last(step: TraceStep) -> bool:
        busy = listener(step.application, step.data) in BUSY | {"read"}
        return busy and find(plan, step.context, step.exten, step.priority + 1) is None

    jumps = (
        step
        for step, following in pairwise(trace.steps)
        if (following.exten, following.priority) != (step.exten, step.priority + 1)
    )
    return any(map(last, jumps)) or (trace.end.kind is Ended.INVALID and last(trace.steps[-1]))


class Compared(NamedTuple):
    """A walk with both paths."""

    walk: Walk
    trace: Trace
    ran: Ran
    comparison: Comparison


class Comparer:
    """One Asterisk; `compare_all` gives what differs, tried again where timing may be the reason."""

    def __init__(
        self, version: str, autofallthrough: bool = True, hasty: int = 0, tries: Sequence[tuple[int, float]] = TRIES
    ) -> None:
        self.version, self.autofallthrough, self.hasty, self.tries = version, autofallthrough, hasty, tries
        self.sandbox = Sandbox(version, PROMPTS, SHORT)
        self.left_out = self.unseen = 0

    def compare_all(self, these: Sequence[Walk]) -> list[Compared]:
        """Every walk with both paths."""
        traces = [traced(one, self.version, self.autofallthrough) for one in these]
        found: dict[int, Compared] = {}
        hasty = [at for at, trace in enumerate(traces) if restless(trace)]
        self.left_out += len(hasty[self.hasty :])
        calm = [at for at in range(len(these)) if at not in set(hasty)]
        if not self.autofallthrough:
            blind = {at for at in calm if unseen(these[at], traces[at])}
            self.unseen += len(blind)
            calm = [at for at in calm if at not in blind]
        for todo in (calm, hasty[: self.hasty]):
            for parallel, seconds in HASTY_TRIES if todo and todo[0] in hasty else self.tries:
                if todo:
                    self._run(these, traces, todo, parallel, seconds, found)
                todo = [at for at in todo if not settled(found[at])]
        return [found[at] for at in sorted(found)]

    def _run(
        self,
        these: Sequence[Walk],
        traces: Sequence[Trace],
        numbers: Sequence[int],
        parallel: int,
        seconds: float,
        found: dict[int, Compared],
    ) -> None:
        for start in range(0, len(numbers), BATCH):
            began = time.monotonic()
            part = numbers[start : start + BATCH]
            texts = dict.fromkeys(these[at].text() for at in part)
            calls = [planned(these[at]) for at in part]
            text = "\n".join([STUB_CONTEXT, *texts])
            rans = self.sandbox.run(
                text, calls, parallel=parallel, autofallthrough=self.autofallthrough, seconds=seconds
            )
            for at, ran in zip(part, rans, strict=True):
                comparison = compare(traces[at], ran.steps, ended=ran.ended, limit=LIMIT)
                found[at] = Compared(these[at], traces[at], ran, comparison)
            took = time.monotonic() - began
            print(f"{len(part)} calls, {parallel} at once: {took:.0f} s", file=sys.stderr, flush=True)


def settled(one: Compared) -> bool:
    """True when another try could tell nothing else: equal to the end or to the limit, and not too late."""
    return one.comparison.agrees and not one.ran.late and (one.comparison.whole or one.comparison.limited)


def planned(one: Walk) -> PlannedCall:
    """The call as it is placed."""
    return PlannedCall(one.context, "s", 1, one.keys, variables=(("R", ",".join(one.results)),), limit=LIMIT)


def minimised(comparer: Comparer, one: Walk, rounds: int = 25) -> Compared | None:
    """The smallest walk found that still differs; each round tries all ways of leaving one thing out."""
    best = None
    for turn in range(rounds):
        smaller = [candidate.renamed(f"m{turn}c{k}q") for k, candidate in enumerate(_smaller(one))]
        differing = [found for found in comparer.compare_all(smaller) if not found.comparison.agrees]
        if not differing:
            break
        best = min(differing, key=lambda found: (len(found.walk.lines), len(found.walk.keys)))
        one = best.walk
    return best


def _smaller(one: Walk) -> list[Walk]:
    found = [replace(one, keys=one.keys[:at] + one.keys[at + 1 :]) for at in range(len(one.keys))]
    for size in (8, 4, 2, 1):
        for at in range(0, len(one.lines), size):
            lines = one.lines[:at] + one.lines[at + size :]
            if any(line.startswith(f"[{one.context}]") for line in lines[:1]):
                found.append(replace(one, lines=lines))
    return found[:BATCH]


def show(found: Compared, version: str) -> None:
    """Print one difference."""
    one, trace, ran, comparison = found
    print(f"--- Asterisk {version}, keys {','.join(one.keys)}, results {','.join(one.results[:4])}")
    print(one.text())
    print(f"step {comparison.differs}: {comparison.text}; the trace ends: {trace.end.kind} {trace.end.text}")
    steps = (*trace.steps, *trace.hangup_steps)
    print("interpreter:", " ".join(f"{s.context[-1]},{s.exten},{s.priority}" for s in steps))
    print("real:       ", " ".join(f"{s.context[-1]},{s.exten},{s.priority}" for s in ran.steps), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--callers", type=int, default=1, help="on each dialplan")
    parser.add_argument("--asterisk", choices=("22", "16"), default="22")
    parser.add_argument("--no-autofallthrough", action="store_true")
    parser.add_argument("--hasty", type=int, default=0, help="calls to place that go round without a wait (slow)")
    parser.add_argument("--show", type=int, default=5, help="differences to make small and print")
    parser.add_argument("--as-found", action="store_true", help="print them as they are")
    args = parser.parse_args()
    started = time.monotonic()
    comparer = Comparer(args.asterisk, not args.no_autofallthrough, args.hasty)
    with comparer.sandbox:
        all_found = comparer.compare_all(walks(args.seed, args.count, args.callers, args.asterisk != "16"))
        differing = [found for found in all_found if not found.comparison.agrees]
        ends = Counter(str(trace.end.kind) for _, trace, _, comparison in all_found if comparison.agrees)
        agreed = [comparison for _, _, _, comparison in all_found if comparison.agrees]
        whole, limited = sum(one.whole for one in agreed), sum(one.limited for one in agreed)
        steps = sum(min(len(ran.steps), LIMIT) for _, _, ran, _ in all_found)
        late = sum(ran.late for _, _, ran, _ in all_found)
        took, left_out = time.monotonic() - started, comparer.left_out
        print(
            f"Asterisk {args.asterisk}, seed {args.seed}: {len(all_found)} calls, {steps} steps, "
            f"{len(all_found) - len(differing)} equal ({whole} to their very end, "
            f"{limited} to the limit of {LIMIT} steps, {len(agreed) - whole - limited} less far), "
            f"{len(differing)} differ, "
            f"{late} pressed too late, {left_out} left out as they go round without a wait"
            f"{f', {comparer.unseen} as the wait for keys cannot be seen' if comparer.unseen else ''}; "
            f"ends {dict(ends.most_common())}; {took:.0f} s",
            flush=True,
        )
        for found in all_found:
            if found.comparison.agrees and not found.comparison.whole and not found.comparison.limited:
                print("less far:", found.comparison.text)
                show(found, args.asterisk)
        for found in differing[: args.show]:
            small = None if args.as_found else minimised(comparer, found.walk)
            show(small or found, args.asterisk)
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
