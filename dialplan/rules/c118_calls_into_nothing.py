"""Calls come in where there is no context

What it finds
    A telephone or trunk in the pjsip.conf, sip.conf or iax.conf beside the dialplan whose `context` the dialplan does
    not have. Each context is said once, at the first line that names it. Not judged for a part of a dialplan, beside
    other dialplan languages, and where an #include is missing or a switch may bring contexts.
Why it matters to a caller
    Asterisk refuses every call from there ("rejected because extension not found in context").
Bad
    ; pjsip.conf:
    ;   [trunk]
    ;   type = endpoint
    ;   context = from-trunc   ; expect: C118
    [from-trunk]
    exten => s,1,Dial(PJSIP/trunk,30)
Good
    ; pjsip.conf:
    ;   [trunk]
    ;   type = endpoint
    ;   context = from-trunk
    [from-trunk]
    exten => s,1,Dial(PJSIP/trunk,30)
When to switch it off
    For a context that a program makes while Asterisk runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity, Spot
from dialplan.neighbours.devices import DRIVERS, devices
from dialplan.neighbours.files import Setting, neighbour
from dialplan.places import RUNTIME_CONTEXTS
from dialplan.rules._beside import near
from dialplan.rules.c111_driver_removed import removed
from dialplan.subject import Subject

CODE = "C118"
SEVERITY = Severity.WARNING
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each context of each file."""
    plan = subject.plan
    if not plan.loads or not plan.contexts or subject.fragment or plan.not_covered or not subject.mostly_complete:
        return
    if any(one.code == "include-missing" for one in plan.diagnostics):
        return
    for technology in DRIVERS:
        for context, given in ({} if removed(subject, technology) else _contexts(subject, technology)).items():
            others = f" and {len(given) - 1} more" if len(given) > 1 else ""
            name, setting = given[0]
            text = f"calls from [{name}]{others} come in at context {context}, which does not exist: they are refused"
            yield Finding(CODE, SEVERITY, text + near(context, plan.contexts), Spot(setting.place))


def _contexts(subject: Subject, technology: str) -> dict[str, list[tuple[str, Setting]]]:
    """The contexts that are missing, each with the devices that are in it."""
    file = DRIVERS[technology].file
    found = neighbour(subject, file)
    missing: dict[str, list[tuple[str, Setting]]] = {}
    for device in devices(file, found) if found else ():
        given = [one for one in device.settings if one.name == "context" and one.value][-1:]
        for setting in given:
            if not _there(subject, setting.value):
                missing.setdefault(setting.value, []).append((device.name, setting))
    return missing


def _there(subject: Subject, context: str) -> bool:
    return context in subject.plan.contexts or context in RUNTIME_CONTEXTS or context in subject.elsewhere
