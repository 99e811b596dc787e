"""Conditions that the Set right above them decides, whoever calls."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches
from dialplan.expression import condition, evaluate
from dialplan.flow import variables as names
from dialplan.light import pattern
from dialplan.rules import PROGRAMS
from dialplan.subject import Located, Subject

CONSTANT = pattern(r"_{0,2}([A-Za-z]\w*)=([\w.-]*)")
COUNTER = pattern(r"\s*\$\[\s*\$\{(\w+)\}\s*(?:[<>]=?|==?|!=)\s*-?\d{1,9}\s*\]\s*")
ONLY = pattern(r"\$\{(\w+)\}")
ASKS = ("gotoif", "execif", "gosubif")


def begun_empty(subject: Subject) -> Iterator[tuple[Located, str]]:
    """Conditions that ask a counter which is empty whenever a call comes there: `$[ < 3]` is an error, and false."""
    asking = [
        (name, located, found[1])
        for name in ("while", "gotoif")
        for located, call in subject.by_application.get(name, ())
        if (found := COUNTER.fullmatch(call.data if name == "while" else branches(call.data)[0]))
    ]
    if not asking or _set_by_others(subject):
        return
    flow = subject.flow
    for name, located, counter in asking:
        nodes = [node for node in flow.running.get(name, ()) if flow.located(node) is located]
        if not nodes or flow.machine.assigned.get(counter) != "" or not flow.callers.issuperset(nodes):
            continue
        values = {names.get(flow.space.states[node].variables, counter) for node in nodes}
        if values <= {None, ""} and not any(map(flow.uncertain, nodes)):
            end = "the loop is never run" if name == "while" else "it is false"
            yield (
                located,
                f"{counter} is empty here, where $[ < 3 ] and the like are errors: {end}; set {counter} first",
            )


def _set_by_others(subject: Subject) -> bool:
    """May a program, or a Set whose name is computed, give any variable a value?"""
    if not subject.by_application.keys().isdisjoint(PROGRAMS.split()):
        return True
    writing = (call.data for name in ("set", "mset") for _, call in subject.by_application.get(name, ()))
    return any("$" in data.partition("=")[0].partition("(")[0] for data in writing)


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
