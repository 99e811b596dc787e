"""Conditions that the Set right above them decides, whoever calls."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches
from dialplan.expression import condition, evaluate
from dialplan.light import pattern
from dialplan.subject import Located, Subject

CONSTANT = pattern(r"_{0,2}([A-Za-z]\w*)=([\w.-]*)")
ONLY = pattern(r"\$\{(\w+)\}")
ASKS = ("gotoif", "execif", "gosubif")


def decided_above(subject: Subject) -> Iterator[tuple[Located, str]]:
    """Each such condition that no other step leads to, with the reason in words."""
    flow = subject.flow
    for name in ASKS:
        for located, call in subject.by_application.get(name, ()):
            above = located.extension.steps.get(located.step.priority - 1)
            if above is None or above.application.lower() != "set" or located.calls[0] is not call:
                continue
            found, test = CONSTANT.fullmatch(above.data), branches(call.data)[0]
            if found is None or set(ONLY.findall(test)) != {found[1]} or "${" in ONLY.sub("", test):
                continue
            truth = condition(evaluate(test, {found[1]: found[2]}))
            if truth is not None and flow.only_behind(located.step, above):
                was = f"the Set above it makes {found[1]} {found[2] or 'empty'}"
                yield located, f"{test.strip()} is always {str(truth).lower()}: {was}"
