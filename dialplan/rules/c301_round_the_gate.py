"""A call that leaves the house without having been asked for

What it finds
    In a dialplan that asks the gate somewhere (concierge-outbound, concierge-leg): a Dial or Originate of a
    number behind a trunk, such as PJSIP/${EXTEN}@trunk, to which a way leads without the question, or on
    which nobody looks at CONCIERGE_VERDICT afterwards. An extension that can be dialled is taken for a
    beginning: dialers originate Local/NUMBER@CONTEXT to it. What Originate calls does not inherit the answer.
Why it matters to a caller
    It matters to the one who is called: he has asked not to be.
Bad
    [concierge-outbound]   ; this and the others come with `concierge hooks install`
    exten => s,1,Return()

    [from-inside]
    exten => _X.,1,Gosub(concierge-outbound,s,1(${EXTEN}))
    same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?dial)
    same => n,Hangup(21)
    same => n(dial),Dial(PJSIP/${EXTEN}@trunk,30)
    same => n,Hangup()

    [from-dialer]
    exten => _X.,1,Dial(PJSIP/${EXTEN}@trunk,30)   ; expect: C301
    same => n,Hangup()
Good
    [concierge-outbound]   ; this and the others come with `concierge hooks install`
    exten => s,1,Return()

    [concierge-leg]
    exten => s,1,Return()

    [from-inside]
    exten => _X.,1,Gosub(concierge-outbound,s,1(${EXTEN}))
    same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?dial)
    same => n,Hangup(21)
    same => n(dial),Dial(PJSIP/${EXTEN}@trunk,30)
    same => n,Hangup()

    [from-dialer]
    exten => _X.,1,Dial(PJSIP/${EXTEN}@trunk,30,b(concierge-leg^s^1))
    same => n,Hangup()
When to switch it off
    For emergency numbers that are dialled by a pattern. A trunk that leads to telephones of the house is named by
    `--trunk '!PJSIP/house'` (`lint.trunks` in the settings), one that does not look so by `--trunk DAHDI/g0`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.rules._gate import ASKED, DECIDED, NOT_ASKED, asks_for_each_leg, gate_is_used, levels, trunk_calls
from dialplan.subject import Subject

CODE = "C301"
SEVERITY = Severity.ERROR
MISSION = ""

_WHAT = {
    NOT_ASKED: "nobody has asked whether this number may be called: Gosub(concierge-outbound,s,1(NUMBER)) before it, "
    "or b(concierge-leg^s^1) among its options",
    ASKED: "the gate was asked, but CONCIERGE_VERDICT is not looked at before this call leaves",
}


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such Dial."""
    if not gate_is_used(subject):
        return
    known = levels(subject)
    for located, call in trunk_calls(subject):
        if asks_for_each_leg(subject, call):
            continue
        level = known.get(id(located.step), DECIDED)
        if call.application.lower() == "originate":
            what = (
                "what Originate calls has not been asked for: originate Local/NUMBER@CONTEXT/n, where the gate is asked"
            )
            yield Finding(CODE, SEVERITY, what, located.spot)
        elif level < DECIDED:
            yield Finding(CODE, SEVERITY, _WHAT[level], located.spot)
