"""A prompt that is not there

What it finds
    With `--sounds DIR`: Playback, Background, Read and the like with a prompt of which DIR holds no file,
    in any language and any format. Prompts that the dialplan records itself, computed names and names
    outside of DIR are not judged.
Why it matters to a caller
    Asterisk logs a warning and goes on: the caller hears nothing, neither the greeting nor the choices of
    the menu. An ending in the name (`welcome.wav`) has the same effect: Asterisk adds one of its own.
Bad
    ; --sounds DIR holds: welcome
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcom)   ; expect: C108
    same => n,Dial(PJSIP/operator,30)
Good
    ; --sounds DIR holds: welcome
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcome)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Leave `--sounds` out on a machine that does not have the prompts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialplan.applications.arguments import is_literal
from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.sounds import Sounds
from dialplan.subject import Subject

CODE = "C108"
SEVERITY = Severity.WARNING
MISSION = "D1"

# The arguments that name prompts, several with `&`.
PROMPTS: Mapping[str, int] = {
    "playback": 1,
    "background": 1,
    "backgrounddetect": 1,
    "controlplayback": 1,
    "read": 2,
    "readexten": 2,
    "authenticate": 4,
    "retrydial": 1,
    "queue": 4,
    "ivrdemo": 1,
    "speechbackground": 1,
}
RECORDS: Mapping[str, int] = {"record": 1, "mixmonitor": 1}
ELSEWHERE = pattern(r"^(https?|sound|recording|number|digits|characters|tone):")
ENDING = pattern(r"[.:]\w+$")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each such step; nothing without a folder of sounds."""
    if subject.sounds is None:
        return
    recorded = set(_recorded(subject))
    for application, number in PROMPTS.items():
        for located, call in subject.by_application.get(application, ()):
            names = call.argument(number).split("&") if "say" not in call.argument(2) else []
            missing = [name for name in map(str.strip, names) if _missing(subject.sounds, name, recorded)]
            if missing:
                message = f"there is no prompt {', '.join(missing)} in the folder of sounds: nothing is heard"
                yield Finding(CODE, SEVERITY, message, located.spot)


def _missing(sounds: Sounds, name: str, recorded: set[str]) -> bool:
    if not name or not is_literal(name) or ELSEWHERE.match(name):
        return False
    return sounds.has(name) is False and name not in recorded


def _recorded(subject: Subject) -> Iterator[str]:
    """Names that the dialplan itself records, without their ending."""
    for application, number in RECORDS.items():
        for _, call in subject.by_application.get(application, ()):
            yield ENDING.sub("", call.argument(number))
