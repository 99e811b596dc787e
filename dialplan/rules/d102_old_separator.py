"""The old separator |

What it finds
    `|` between the arguments of an application. Since Asterisk 1.6 only the comma separates: the whole
    text is one argument. Also ExecIf without a `?`. Times of GotoIfTime may still be written with `|`
    and are not reported.
Why it matters to a caller
    A jump looks for a label with that long name and cuts the call off; a Dial rings a device that does
    not exist.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Goto(menu|s|1)   ; expect: D102
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Goto(menu,s,1)

    [menu]
    exten => s,1,Dial(PJSIP/operator,30)
When to switch it off
    When a name in your dialplan really holds a `|`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import cut
from dialplan.applications.calls import Call, targets
from dialplan.applications.effect import Kind
from dialplan.finding import Finding, Severity
from dialplan.subject import Subject

CODE = "D102"
SEVERITY = Severity.ERROR
MISSION = "D1"

# Applications whose first argument is a name or a number, in which nobody writes a `|`.
NAMES = frozenset(
    """
    authenticate background busy chanspy confbridge congestion dial directory meetme page park playback queue
    read readexten record retrydial sayunixtime voicemail voicemailmain wait waitexten
    """.split()  # noqa: SIM905 - read as a list of words
)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each application that is written in the old way."""
    for located in subject.steps():
        for call in located.calls:
            text = _old(call)
            if text:
                yield Finding(CODE, SEVERITY, text, located.spot)


def _old(call: Call) -> str:
    name = call.application.lower()
    if any("|" in _outside(target.text) for target in targets(call) if target.kind is not Kind.MACRO):
        return f"{call.application} with | between its arguments is one label: the call is cut off here"
    if name == "execif" and "?" not in call.data and "|" in _outside(call.data):
        return "ExecIf with | and without ? runs nothing: the call is cut off here"
    if name in NAMES and "|" in _outside(call.data) and "," not in _outside(call.data):
        return f"{call.application} takes everything as its first argument: write commas instead of |"
    return ""


def _outside(text: str) -> str:
    """The text without what stands inside of expressions, where `|` is an operator."""
    pieces = cut(text, "|")
    return "|".join("" if "${" in piece or "$[" in piece else piece for piece in pieces)
