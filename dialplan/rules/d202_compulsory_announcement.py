"""A compulsory announcement before the menu

What it finds
    A Playback whose name speaks of privacy, recording, a disclaimer or the like, which every caller from
    outside must hear to its end before the first menu, queue or ring.
Why it matters to a caller
    Everyone pays with his time for what few want to hear. Offer it as a choice of the menu, or let a key
    interrupt it (Background).
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(custom/privacy-notice)   ; expect: D202
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Where the law demands that the announcement is heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import reachable
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D202"
SEVERITY = Severity.INFO
MISSION = "D2"

NOTICE = pattern(r"privacy|disclaim|gdpr|rodo|dsgvo|legal|terms|monitor|call.?record|recorded.?call|consent", re.I)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such announcement."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    choices = flow.listening | flow.offering
    before = reachable(flow.outside, lambda node: () if node in choices else flow.targets[node])
    followed = flow.before(choices)
    for node in sorted(before.intersection(flow.running.get("playback", ()))):
        located = flow.located(node)
        if located is None or located.calls[0].application.lower() != "playback":
            continue
        if NOTICE.search(located.step.data) and node in followed:
            message = f"every caller must hear {located.step.data} before going on"
            yield finding(flow, CODE, SEVERITY, message, node)
