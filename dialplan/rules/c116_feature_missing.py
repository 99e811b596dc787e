"""A key during the call that nobody has defined

What it finds
    A name in DYNAMIC_FEATURES that the features.conf beside the dialplan has neither in [applicationmap] nor as a
    group. Not judged where a file that features.conf includes is missing.
Why it matters to a caller
    Asterisk logs "Unknown DYNAMIC_FEATURES item": the key that was promised (record, transfer, opt out) does nothing.
Bad
    ; features.conf:
    ;   [applicationmap]
    ;   record => *1,caller,MixMonitor,${UNIQUEID}.wav
    [from-trunk]
    exten => s,1,Set(__DYNAMIC_FEATURES=recording)   ; expect: C116
    same => n,Dial(PJSIP/operator,30)
Good
    ; features.conf:
    ;   [applicationmap]
    ;   record => *1,caller,MixMonitor,${UNIQUEID}.wav
    [from-trunk]
    exten => s,1,Set(__DYNAMIC_FEATURES=record)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the features.conf beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.neighbours.files import Neighbour
from dialplan.rules._beside import assigned, unknown
from dialplan.subject import Located, Subject

CODE = "C116"
SEVERITY = Severity.WARNING
MISSION = "D1"
NO_GROUPS = ("general", "featuremap", "applicationmap")


def check(subject: Subject) -> Iterator[Finding]:
    """Each name at each step that sets it."""
    for located, name, meant in unknown(subject, _named(subject), "features.conf", "features", _features):
        text = f"features.conf has no feature {name}: its key does nothing{meant}"
        yield Finding(CODE, SEVERITY, text, located.spot)


def _named(subject: Subject) -> Iterator[tuple[Located, str]]:
    for located, value in assigned(subject, "DYNAMIC_FEATURES"):
        yield from ((located, name.strip()) for name in value.split("#"))


def _features(found: Neighbour) -> Iterator[str]:
    yield from (one.name for section in found.named("applicationmap") for one in section.settings)
    yield from (section.name for section in found.sections if section.name.lower() not in NO_GROUPS)
