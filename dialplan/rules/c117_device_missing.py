"""A telephone or trunk that nobody has defined

What it finds
    Dial, Page, Originate and the like to `PJSIP/name`, `SIP/name` or `IAX2/name` that the pjsip.conf, sip.conf or
    iax.conf beside the dialplan does not define, and members of queues.conf that are none of them. Each name is said
    once, at its first use. Not judged where there may be more: realtime, users.conf, a wizard, an endpoint in
    sorcery.conf, a missing #include.
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
from dialplan.finding import Finding, Severity, Spot
from dialplan.neighbours.devices import DRIVERS, defined, name_of
from dialplan.neighbours.files import neighbour
from dialplan.rules._beside import again, arguments, near
from dialplan.rules.c111_driver_removed import CALLING, removed
from dialplan.subject import Subject

CODE = "C117"
SEVERITY = Severity.INFO
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each name of each driver that the version has."""
    found: dict[tuple[str, str], list[Spot]] = {}
    for device, spot in (*_called(subject), *_members(subject)):
        technology, _, rest = device.strip().partition("/")
        technology = technology.upper()
        name = name_of(technology, rest) if technology in DRIVERS else ""
        if name and is_literal(name):
            found.setdefault((technology, name), []).append(spot)
    for (technology, name), spots in found.items():
        known = None if removed(subject, technology) else defined(subject, technology)
        if known is not None and name.lower() not in known:
            first = min(spots, key=lambda spot: (not spot.context, spot.place[:2]))
            text = f"{DRIVERS[technology].file} has no {technology}/{name}, called {again(len(spots))}"
            yield Finding(CODE, SEVERITY, f"{text}: nobody is called{near(name, known)}", first)


def _called(subject: Subject) -> Iterator[tuple[str, Spot]]:
    """Devices of the dialplan's steps; not those between which a variable may hold a separator."""
    for located, _, text in arguments(subject, CALLING, 1):
        for one in text.split("&") if "$" not in text else [text] if "&" not in text else []:
            yield one, located.spot


def _members(subject: Subject) -> Iterator[tuple[str, Spot]]:
    """Devices of queues.conf, where a queue is used at all."""
    if "queue" not in subject.by_application:
        return
    queues = neighbour(subject, "queues.conf")
    for section in queues.sections if queues else ():
        for setting in section.settings:
            if setting.name == "member":
                yield setting.value.split(",", 1)[0], Spot(setting.place)
