"""A class of music that does not exist

What it finds
    MusicOnHold, StartMusicOnHold, Set(CHANNEL(musicclass)=…) and the option m of Dial with a class that the
    musiconhold.conf beside the dialplan does not have. Not judged where realtime has classes, and where a
    file that musiconhold.conf includes is missing.
Why it matters to a caller
    Asterisk takes another class, or logs "Unable to start music on hold": who waits in silence believes
    that the call is lost, and hangs up.
Bad
    ; musiconhold.conf:
    ;   [default]
    ;   mode = files
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(CHANNEL(musicclass)=jazz)   ; expect: C115
    same => n,Dial(PJSIP/operator,30,m)
Good
    ; musiconhold.conf:
    ;   [default]
    ;   mode = files
    ;   [jazz]
    ;   mode = files
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(CHANNEL(musicclass)=jazz)
    same => n,Dial(PJSIP/operator,30,m)
When to switch it off
    When the musiconhold.conf beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import options
from dialplan.finding import Finding, Severity
from dialplan.rules._beside import arguments, assigned, unknown
from dialplan.subject import Located, Subject

CODE = "C115"
SEVERITY = Severity.INFO
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """Each class at each step that names it."""
    for located, name, meant in unknown(subject, _named(subject), "musiconhold.conf", "musiconhold"):
        text = f"musiconhold.conf has no class {name}: another one is heard, or silence{meant}"
        yield Finding(CODE, SEVERITY, text, located.spot)


def _named(subject: Subject) -> Iterator[tuple[Located, str]]:
    for located, _, name in arguments(subject, ("musiconhold", "startmusiconhold"), 1):
        yield located, name
    for located, _, given in arguments(subject, ("dial", "retrydial"), 3):
        yield located, options(given).get("m") or ""
    yield from assigned(subject, "CHANNEL(musicclass)")
