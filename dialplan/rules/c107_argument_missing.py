"""A required argument is missing

What it finds
    An application without an argument that it cannot do without: `Playback()`, `AGI()`, `System()`,
    `Authenticate()`, `Gosub()` and the like; Set without `=`, Read without a variable. (Goto has D101,
    Dial and Queue have D905.)
Why it matters to a caller
    Most of these cut the call off at this step (an error); some only log a warning and do nothing (a
    warning). Which do what was measured on Asterisk 16 and 22.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback()   ; expect: C107
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcome)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Never: put in what is missing, or take the step out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialplan.applications.calls import Call
from dialplan.finding import Finding, Severity
from dialplan.subject import Subject

CODE = "C107"
SEVERITY = Severity.ERROR
MISSION = "D1"

# The numbers of the arguments without which the call is cut off, as measured on 16.28 and 22.10.
ALONE = """
addqueuemember agi authenticate background backgrounddetect controlplayback disa externalivr gosub macro mixmonitor
mp3player pausequeuemember playback playtones queuelog queueupdate record removequeuemember retrydial
saymoney saynumber sayordinal system unpausequeuemember userevent
"""
CUTS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(ALONE.split(), (1,)),
    "channelredirect": (1, 2),
    "originate": (1, 2, 3),
}
# These log a warning and do nothing.
NOTHING_DONE = dict.fromkeys(("read", "senddtmf", "softhangup", "transfer", "mset"), (1,))


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each application."""
    for name, uses in subject.by_application.items():
        required = CUTS.get(name) or NOTHING_DONE.get(name)
        application = subject.table.find(name)
        if application is None or not (required or name == "set"):
            continue
        cut = name in CUTS
        for located, call in uses:
            missing = _missing(call, required or ())
            if missing:
                end = "Asterisk only warns, and nothing is done" if not cut else "the call is cut off here"
                message = f"{application.name} without {missing}: {end}"
                yield Finding(CODE, SEVERITY if cut else Severity.WARNING, message, located.spot)


def _missing(call: Call, required: tuple[int, ...]) -> str:
    """What is not there, in words; "" when nothing is missing."""
    if not required:
        return "" if "=" in call.data or "${" in call.data else "`=` and a value"
    if call.data.strip() and required == (1,) and not call.data.strip().startswith(","):
        return ""
    missing = [str(number) for number in required if not call.argument(number)]
    if not missing:
        return ""
    return "its argument" if required == (1,) else f"argument {' and '.join(missing)}"
