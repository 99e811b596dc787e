"""Dialplans of a wanted size: many menus, one flat context, explicit priorities, a context of single
patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

_MENU: Final = """\
[ivr-{i}]
exten => s,1,Answer()
same => n(again),Set(TIMEOUT(digit)=3)
same => n,ExecIf($["${{IVR_MSG}}" != ""]?Background(${{IVR_MSG}}))
same => n,WaitExten(5,)
exten => 1,1,Goto(ext-local,{i},1)
exten => 2,1(two),NoOp(choice 2 of ${{CONTEXT}})
same => n,Dial(PJSIP/${{EXTEN}}{i},20,tTg)
same => n,GotoIf($["${{DIALSTATUS}}" = "BUSY"]?busy:next)
same => n(busy),Playback(busy-please-hang-up)
same => n(next),VoiceMail({i}@default,u)
exten => _3XX,1,Macro(dial-one,${{EXTEN}})
same => n,Hangup()
exten => _9.,1,Set(CALLERID(num)=48{i:09d})
same => n,Dial(PJSIP/${{EXTEN:1}}@trunk)
same => n,Congestion()
exten => h,1,Gosub(app-hangup,s,1(ivr-{i}))
exten => i,1,Playback(pbx-invalid)
same => n,Goto(s,again)
exten => t,1,Goto(s,again)
include => ivr-common
"""
_STEPS_OF_MENU: Final = 19


def menus(priorities: int) -> Iterator[str]:
    """Many contexts of 19 priorities each, as menus look that FreePBX writes."""
    yield "[general]\n[globals]\nTRUNK=PJSIP/trunk\n[ivr-common]\nexten => *,1,Hangup()\n"
    for index in range(priorities // _STEPS_OF_MENU):
        yield _MENU.format(i=index) + "\n"


def flat(priorities: int) -> Iterator[str]:
    """One context, five `n` priorities an extension."""
    yield "[internal]\n"
    for index in range(priorities // 5):
        yield f"exten => {100000 + index},1,NoOp(call to ${{EXTEN}})\n"
        yield "same => n,Set(X=1)\nsame => n,Dial(PJSIP/${EXTEN},30)\n"
        yield "same => n,VoiceMail(${EXTEN})\nsame => n,Hangup()\n"


def explicit(priorities: int) -> Iterator[str]:
    """One context, each line with its own extension and number."""
    yield "[from-did]\n"
    for index in range(priorities):
        yield f"exten => {200000 + index // 4},{index % 4 + 1},Goto(ext-local,{index},1)\n"


def patterns(priorities: int) -> Iterator[str]:
    """One context of single-step patterns."""
    yield "[routes]\n"
    for index in range(priorities):
        yield f"exten => _{index:06d}[1-{index % 8 + 2}]X.,1,Dial(PJSIP/${{EXTEN}}@t{index % 9})\n"


SHAPES: Final[dict[str, Callable[[int], Iterator[str]]]] = {
    "menus": menus,
    "flat": flat,
    "explicit": explicit,
    "patterns": patterns,
}
