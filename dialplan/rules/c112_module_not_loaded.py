"""A module that is not loaded

What it finds
    An application, a function or a channel driver of this dialplan whose module the modules.conf beside it does not
    load: `noload`, or no `load` where `autoload` is off. Each is said once, at its first use. What comes with which
    module is that of Asterisk 22; modules that are loaded later by hand are not known.
Why it matters to a caller
    Asterisk knows no application of that name and hangs up at the step; a function is empty; through a driver that is
    not there nobody is called.
Bad
    ; modules.conf:
    ;   [modules]
    ;   autoload = yes
    ;   noload = app_queue.so
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,60)   ; expect: C112
    same => n,Dial(PJSIP/operator,30)
Good
    ; modules.conf:
    ;   [modules]
    ;   autoload = yes
    ;   noload = app_queue_old.so
    [from-trunk]
    exten => s,1,Answer()
    same => n,Queue(sales,,,,60)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the modules.conf beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.neighbours.modules import DRIVERS, Modules, modules, of_application, of_function
from dialplan.rules._beside import again
from dialplan.rules.c105_unknown_function import uses
from dialplan.rules.c111_driver_removed import CALLING, removed
from dialplan.subject import Located, Subject

CODE = "C112"
SEVERITY = Severity.ERROR
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """Applications are errors: the call ends there. Functions and drivers are warnings."""
    given = modules(subject)
    if given is None:
        return
    yield from _applications(subject, given)
    yield from _functions(subject, given)
    yield from _drivers(subject, given)


def _applications(subject: Subject, given: Modules) -> Iterator[Finding]:
    for name, uses_of in subject.by_application.items():
        why = _missing(given, of_application(name))
        places = [located for located, call in uses_of if not call.tolerant]
        if why and places and subject.table.find(name):
            shown = subject.table.applications[name].name
            text = f"{shown}, used {again(len(places))}, is in a module that is not loaded ({why}): the call is cut off"
            yield Finding(CODE, SEVERITY, text, _first(places).spot)


def _functions(subject: Subject, given: Modules) -> Iterator[Finding]:
    found: dict[str, list[Located]] = {}
    for located, name in uses(subject):
        if name in subject.table.functions:
            found.setdefault(name, []).append(located)
    for name, places in found.items():
        why = _missing(given, of_function(name))
        if why:
            text = f"the function {name}, used {again(len(places))}, is in a module that is not loaded ({why}): "
            yield Finding(CODE, Severity.WARNING, f"{text}its value is empty", _first(places).spot)


def _drivers(subject: Subject, given: Modules) -> Iterator[Finding]:
    found: dict[str, list[Located]] = {}
    for name in CALLING:
        for located, call in subject.by_application.get(name, ()):
            for one in call.argument(1).split("&"):
                found.setdefault(one.partition("/")[0].strip().upper(), []).append(located)
    for driver, places in found.items():
        gone = driver not in DRIVERS or removed(subject, driver)
        why = "" if gone else given.missing(DRIVERS[driver])
        if why:
            text = f"the channel driver of {driver}/, used {again(len(places))}, is not loaded"
            yield Finding(
                CODE, Severity.WARNING, f"{text} ({DRIVERS[driver]}: {why}): nobody is called", _first(places).spot
            )


def _missing(given: Modules, any_of: list[str]) -> str:
    reasons = [given.missing(module) for module in any_of]
    return f"{any_of[0]}: {reasons[0]}" if reasons and all(reasons) else ""


def _first(places: list[Located]) -> Located:
    return min(places, key=lambda located: located.step.place[:2])
