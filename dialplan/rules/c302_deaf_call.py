"""A campaign's call on which no key is heard

What it finds
    In a dialplan that names a campaign to the gate: a Dial of a number behind a trunk whose called leg is not
    marked, by b(concierge-mark^s^1), b(concierge-leg^s^1) or U(concierge-mark).
Why it matters to a caller
    The called person presses 9 so as not to be called again, and nobody hears it: two SIP telephones are
    bridged past Asterisk. With T or t Asterisk hears the key, but cannot tell the called person's from the
    agent's.
Bad
    [concierge-outbound]   ; this and the others come with `concierge hooks install`
    exten => s,1,Return()

    [campaign]
    exten => _X.,1,Gosub(concierge-outbound,s,1(${EXTEN},spring))
    same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?dial)
    same => n,Hangup(21)
    same => n(dial),Dial(PJSIP/${EXTEN}@trunk,30,T)   ; expect: C302
    same => n,Hangup()
Good
    [concierge-outbound]   ; this and the others come with `concierge hooks install`
    exten => s,1,Return()

    [concierge-mark]
    exten => s,1,Return()

    [campaign]
    exten => _X.,1,Gosub(concierge-outbound,s,1(${EXTEN},spring))
    same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?dial)
    same => n,Hangup(21)
    same => n(dial),Dial(PJSIP/${EXTEN}@trunk,30,b(concierge-mark^s^1))
    same => n,Hangup()
When to switch it off
    For calls in which no key means an opt-out.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import split
from dialplan.finding import Finding, Severity
from dialplan.rules._gate import OURS, gate_is_used, marks_the_leg, trunk_calls
from dialplan.subject import Subject

CODE = "C302"
SEVERITY = Severity.WARNING
MISSION = ""


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such Dial."""
    if not gate_is_used(subject) or not _names_a_campaign(subject):
        return
    for located, call in trunk_calls(subject):
        if call.application.lower() == "dial" and not marks_the_leg(subject, call):
            what = "the called person's key is not heard: add b(concierge-mark^s^1) to the options of this Dial"
            yield Finding(CODE, SEVERITY, what, located.spot)


def _names_a_campaign(subject: Subject) -> bool:
    for name, calls in subject.by_application.items():
        for located, call in calls:
            if located.context.name.startswith(OURS):
                continue
            if name in ("set", "mset") and "CONCIERGE_CAMPAIGN=" in call.data:
                return True
            if name in ("gosub", "gosubif") and "concierge-outbound," in call.data and _second(call.data):
                return True
    return False


def _second(data: str) -> bool:
    """`concierge-outbound,s,1(NUMBER,CAMPAIGN)`: is there a campaign?"""
    inside = data.partition("concierge-outbound,")[2].partition("(")[2].rpartition(")")[0]
    arguments = split(inside)
    return len(arguments) > 1 and bool(arguments[1].strip())
