"""One call, interpreted and placed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from concierge.replay.caller import PlannedCall
from concierge.replay.compare import Comparison, compare
from concierge.replay.rewrite import Forced, assumed, forced, sandbox_text
from concierge.replay.sandbox import Ran, Sandbox
from dialplan.applications.calls import calls
from dialplan.applications.tables import Table
from dialplan.flow import At, Inputs, Trace, walk
from dialplan.plan.model import Plan

LIMIT = 100
PROMPT = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Replayed:
    """Both paths of one call."""

    trace: Trace
    ran: Ran
    comparison: Comparison
    version: str
    force: Forced


def replay(plan: Plan, table: Table, at: At, inputs: Inputs, version: str) -> Replayed:
    """Walk the call, place it in a sandbox, compare. Raises LabError."""
    trace = walk(plan, table, at, inputs)
    force = forced(trace, inputs.now)
    variables = [(name, str(value)) for name, value in inputs.variables.items() if isinstance(value, str)]
    call = PlannedCall(
        at.context,
        at.exten or "s",
        at.priority,
        tuple(token for key in inputs.keys for token in ([key] if key.startswith("(") else key)),
        variables=(*variables, *assumed(trace).items(), *force.variables.items()),
        limit=LIMIT,
    )
    with Sandbox(version, prompts(plan, trace)) as sandbox:
        [ran] = sandbox.run(sandbox_text(plan, force), [call], autofallthrough=plan.options.autofallthrough)
    comparison = compare(trace, ran.steps, ended=ran.ended, limit=LIMIT, places_only=True)
    return Replayed(trace, ran, comparison, version, force)


PLAYS = frozenset({"background", "playback", "read", "readexten"})


def prompts(plan: Plan, trace: Trace) -> set[str]:
    """Names of prompts: written in the plan, and computed in the trace."""
    texts = [step.data for step in trace.steps if step.application.lower() in PLAYS]
    for context in plan.contexts.values():
        for extension in context.extensions:
            for step in extension.steps.values():
                texts += [call.data for call in calls(step.application, step.data)]
    pieces = (piece.strip() for text in texts if len(text) < 200 for piece in re.split(r"[,&]", text))
    return {piece for piece in pieces if PROMPT.fullmatch(piece) and ".." not in piece and len(piece) < 80}


def report(done: Replayed) -> str:
    """Both paths side by side, and whether they agree."""
    lines = [f"{'interpreter':<44} Asterisk {done.version}"]
    mine = [
        f"{s.context},{s.exten},{s.priority} {s.application}" for s in (*done.trace.steps, *done.trace.hangup_steps)
    ]
    theirs = [f"{s.context},{s.exten},{s.priority} {s.application}" for s in done.ran.steps]
    for number in range(max(len(mine), len(theirs))):
        left = mine[number] if number < len(mine) else ""
        right = theirs[number] if number < len(theirs) else ""
        lines.append(f"{left:<44} {right}".rstrip())
    lines += [f"assumed: {note}" for note in done.trace.notes]
    lines += [f"answered: {p.file}:{p.line} {', '.join(answers)}" for p, answers in done.force.answers.items()]
    lines.append(f"the interpreter's end: {done.trace.end.text}")
    if done.comparison.agrees:
        how = "to the end" if done.comparison.whole else "as far as they were followed"
        lines.append(f"the paths agree {how}")
    else:
        lines.append(f"the paths DIFFER at step {(done.comparison.differs or 0) + 1}: {done.comparison.text}")
    return "\n".join(lines) + "\n"
