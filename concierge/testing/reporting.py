"""What came of the calls, for people and for CI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from dialplan.report.shown import plural
from dialplan.scenarios import Verdict

Judged = Sequence[tuple[str, Verdict]]
"""Each with the name of its file."""
SHOWN = 30


def text(judged: Judged) -> str:
    """A line a call; of one that goes otherwise why, and its path."""
    lines = []
    for _, verdict in judged:
        lines.append(f"{'FAIL' if verdict.broken else 'ok  '}  {verdict.scenario.name}")
        lines += [f"      expected: {one.text}: {why}" for one, why in verdict.broken]
        if verdict.broken:
            lines += [f"      {line}" for line in path(verdict)]
    failed = sum(bool(verdict.broken) for _, verdict in judged)
    end = f"{failed} not as expected" if failed else "all as expected"
    return "\n".join([*lines, f"{plural(len(judged), 'call')}, {end}"]) + "\n"


def path(verdict: Verdict) -> list[str]:
    """The places of the call, and its end. No data: it may hold credentials."""
    steps = [
        f"  {step.context},{step.exten},{step.priority}  {step.place.file}:{step.place.line}  {step.application}"
        + (f"  ← {step.choice.value}" if step.choice.kind else "")
        for step in verdict.trace.steps
    ]
    if len(steps) > SHOWN:
        steps[10 : len(steps) - SHOWN + 11] = [f"  … {len(steps) - SHOWN + 1} more steps"]
    end = verdict.trace.end
    return [*steps, f"  {end.kind}" + (f": {end.text}" if end.text else "")]


def as_json(judged: Judged) -> str:
    """Version 1: calls with name, file, passed, broken, end, seconds."""
    calls = [
        {
            "name": verdict.scenario.name,
            "file": file,
            "passed": not verdict.broken,
            "broken": [{"expected": one.text, "why": why} for one, why in verdict.broken],
            "end": {"kind": str(verdict.trace.end.kind), "text": verdict.trace.end.text},
            "seconds": verdict.trace.seconds,
        }
        for file, verdict in judged
    ]
    return json.dumps({"version": 1, "calls": calls}, indent=2, ensure_ascii=False) + "\n"


def junit(judged: Judged) -> str:
    """A suite a file, a case a call."""
    suites = []
    for file in dict.fromkeys(file for file, _ in judged):
        here = [verdict for name, verdict in judged if name == file]
        failed = sum(bool(verdict.broken) for verdict in here)
        cases = "".join(_case(verdict, file) for verdict in here)
        counts = f'tests="{len(here)}" failures="{failed}" errors="0"'
        suites.append(f"  <testsuite name={quoteattr(file)} {counts}>\n{cases}  </testsuite>\n")
    failed = sum(bool(verdict.broken) for _, verdict in judged)
    head = f'<testsuites name="concierge test" tests="{len(judged)}" failures="{failed}" errors="0">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{"".join(suites)}</testsuites>\n'


def _case(verdict: Verdict, file: str) -> str:
    head = f"    <testcase name={quoteattr(verdict.scenario.name)} classname={quoteattr(file)}"
    if not verdict.broken:
        return f"{head}/>\n"
    said = "; ".join(f"{one.text}: {why}" for one, why in verdict.broken)
    body = escape("\n".join(path(verdict)))
    return f"{head}>\n      <failure message={quoteattr(said)}>{body}</failure>\n    </testcase>\n"
