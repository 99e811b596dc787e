"""A telephone or trunk that nobody has defined

What it finds
    Dial, Page, Originate and the like to `PJSIP/name`, `SIP/name` or `IAX2/name` that the pjsip.conf, sip.conf or
    iax.conf beside the dialplan does not define. Each name is said once, at its first use. Not judged where there may
    be more: realtime, users.conf, a wizard, an endpoint in sorcery.conf, a missing #include.
Why it matters to a caller
    Asterisk logs "endpoint was not found"; nobody is called, Dial comes back at once with CHANUNAVAIL.
Bad
    ; pjsip.conf:
    ;   [anna]
    ;   type = endpoint
    ;   [operator]
    ;   type = endpoint
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/ana,20)   ; expect: C117
    same => n,Dial(PJSIP/operator,30)
Good
    ; pjsip.conf:
    ;   [anna]
    ;   type = endpoint
    ;   [operator]
    ;   type = endpoint
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/anna,20)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the file of the channel driver beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.finding import Finding, Severity
from dialplan.neighbours.devices import DRIVERS, defined, name_of
from dialplan.rules._beside import again, arguments, near
from dialplan.rules.c111_driver_removed import CALLING, removed
from dialplan.subject import Located, Subject

CODE = "C117"
SEVERITY = Severity.INFO
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each name of each driver that the version has."""
    for technology, names in _named(subject).items():
        known = None if removed(subject, technology) else defined(subject, technology)
        for name, places in names.items() if known is not None else ():
            if name.lower() not in (known or ()):
                first = min(places, key=lambda located: located.step.place[:2])
                text = f"{DRIVERS[technology].file} has no {technology}/{name}, called {again(len(places))}"
                yield Finding(CODE, SEVERITY, f"{text}: nobody is called{near(name, known or ())}", first.spot)


def _named(subject: Subject) -> dict[str, dict[str, list[Located]]]:
    """By technology and name the steps that call it."""
    found: dict[str, dict[str, list[Located]]] = {}
    for located, _, text in arguments(subject, CALLING, 1):
        for one in text.split("&") if "$" not in text else [text] if "&" not in text else []:
            technology, _, device = one.strip().partition("/")
            technology = technology.upper()
            name = name_of(technology, device) if technology in DRIVERS else ""
            if name and is_literal(name):
                found.setdefault(technology, {}).setdefault(name, []).append(located)
    return found
