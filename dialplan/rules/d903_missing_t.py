"""The silent caller is cut off

What it finds
    A WaitExten that is the last priority of its extension, in a context without `t` (and without `e`);
    a menu whose last priority is Background, so that the call ends with the prompt. With a next
    priority after WaitExten Asterisk goes on there and never uses `t`: that is no finding.
Why it matters to a caller
    Who hesitates, has no keypad, or did not understand, is cut off without a word.
Bad
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)   ; expect: D903
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
Good
    [menu]
    exten => s,1,Answer()
    same => n,Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    In a context that only your own telephones reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.calls import Call
from dialplan.finding import Finding, Severity
from dialplan.keys import goes_on, handled, listens_while_playing, single_keys, waits
from dialplan.subject import Located, Subject

CODE = "D903"
SEVERITY = Severity.ERROR
MISSION = "D9"

# Fewer choices do not make a menu: Background is then often used where Playback was meant.
CHOICES_OF_A_MENU = 2


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each place where silence ends the call, whichever context is current."""
    for located in subject.steps():
        for call in located.calls:
            text = _silence(subject, located, call)
            if text:
                yield Finding(CODE, SEVERITY, text, located.spot)


def _silence(subject: Subject, located: Located, call: Call) -> str:
    currents = subject.places.currents(located.context.name)
    if not (waits(call) or listens_while_playing(call)):
        return ""
    if any(goes_on(subject, located, current) for current in currents):
        return ""
    unhandled = not any(handled(subject, current, "t", "e") for current in currents)
    if waits(call) or not subject.plan.options.autofallthrough:
        what = "a caller who presses nothing is cut off here"
        return f"{what}: [{located.context.name}] has no t" if unhandled else ""
    meant = all(handled(subject, current, "i", "t") for current in currents)
    choices = 1 if meant else CHOICES_OF_A_MENU
    menu = all(len(single_keys(subject, current)) >= choices for current in currents)
    if not menu or not call.certain:
        return ""
    return "the call ends with this prompt: no WaitExten gives the caller time to press a key"
