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
from dialplan.neighbours.files import complete
from dialplan.rules._beside import assigned, near
from dialplan.subject import Subject

CODE = "C116"
SEVERITY = Severity.WARNING
MISSION = "D1"
NO_GROUPS = ("general", "featuremap", "applicationmap")


def check(subject: Subject) -> Iterator[Finding]:
    """Each name at each step that sets it."""
    named = list(assigned(subject, "DYNAMIC_FEATURES"))
    found = complete(subject, "features.conf", "features") if named else None
    if found is None:
        return
    features = {one.name for section in found.named("applicationmap") for one in section.settings}
    features |= {section.name.lower() for section in found.sections if section.name.lower() not in NO_GROUPS}
    for located, value in named:
        for name in filter(None, (one.strip() for one in value.split("#"))):
            if name.lower() not in features:
                text = f"features.conf has no feature {name}: its key does nothing{near(name.lower(), features)}"
                yield Finding(CODE, SEVERITY, text, located.spot)
