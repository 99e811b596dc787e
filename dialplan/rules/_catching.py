"""Patterns that take the keys which are no choice, where others write `i`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.flow.calls import SAYS, Calls
from dialplan.flow.model import Kind
from dialplan.keys import KEYS
from dialplan.light import pattern
from dialplan.plan.model import Extension

BESIDE, REST = 2, 3
ERROR = pattern(r"invalid|wrong|error|sorry|not.?valid|unknown|try|bad", re.I)


def catching(flow: Calls, node: int) -> Iterator[int]:
    """Where a pattern of three keys or more leads, beside another choice, when all it says is that they are wrong."""
    targets = {edge.target for edge in flow.space.edges[node] if edge.choice.kind is Kind.KEY and edge.target >= 0}
    for target in sorted(targets) if len(targets) >= BESIDE else ():
        found, context = flow.space.found[target], flow.space.states[target].context
        if found is None or not found.extension.pattern.startswith("_") or not _tells_off(found.extension):
            continue
        takes = (any(f.extension is found.extension for f in flow.machine.possible(context, key, 1)) for key in KEYS)
        if sum(takes) >= REST:
            yield target


def _tells_off(extension: Extension) -> bool:
    said = [step.data for step in extension.steps.values() if step.application.lower() in SAYS]
    uses = any("${EXTEN" in step.data for step in extension.steps.values())
    return bool(said) and not uses and all(map(ERROR.search, said))
