"""Arguments in the wrong place, or the old separator |

What it finds
    `|` between the arguments of an application. Since Asterisk 1.6 only the comma separates: the whole
    text is one argument. Also ExecIf, GotoIf and GotoIfTime without a `?`; arguments of Gosub behind a comma, as
    Macro had them: they belong into brackets, `Gosub(sub,s,1(a,b))`; a Dial to something without a technology
    (`PJSIP/…`), alone or among others, or whose time-out is no number; the options of VoiceMail in front of the
    mailbox (`u100`); a condition behind the `?` of GotoIf. Times of GotoIfTime may still be written with `|` and are
    not reported.
    As a warning: what stands behind the last argument that Goto, GotoIf, GotoIfTime, Dial or Hangup takes; a Wait
    whose seconds have a comma or a unit other than h, m, s and ms (`Wait(0,5)`, `Wait(5 sec)`); `Set(A=1,B=2)`
    where `${B}` is asked for: Set takes one variable, MSet takes several.
Why it matters to a caller
    A jump looks for a label with that long name and cuts the call off; a Dial rings a device that does
    not exist, or rings for ever. Such a Wait does not wait at all, and the round it is in turns without a pause
    (measured on Asterisk 16 and 22, as is the Set).
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

import re
from collections.abc import Iterator

from dialplan.applications.arguments import branches, cut, gosub_branches, is_literal, outside, split
from dialplan.applications.calls import Call, targets
from dialplan.applications.effect import Kind
from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.subject import Located, Subject

CODE = "D102"
SEVERITY = Severity.ERROR
MISSION = "D1"

OLD_MAILBOX = pattern(r"[usb]\d+(@\w+)?")
NUMBER = pattern(r"\d+(\.\d*)?|\d*\^.*")
JUMPS_IF = frozenset({"gotoif", "gosubif"})
CONDITION = pattern(r"\s*\$\[.*\]\s*(:[\w\s,-]*)?")
PLACE = 3  # context, extension, priority
DECIDES = frozenset({"gotoif", "gosubif", "execif", "macroif"})
GOES = frozenset({"goto", "gotoif", "gotoiftime"})
MOST = {"dial": 4, "hangup": 1}
"""So many arguments are taken; what is behind them is lost (apps/app_dial.c, main/pbx_builtins.c)."""
SECONDS = pattern(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*(h|m|s|ms)?\s*", re.I)
NAME = pattern(r"\w+")
ANOTHER = pattern(r"\s*(\w+)\s*=")
# Applications whose first argument is a name or a number, in which nobody writes a `|`.
NAMES = frozenset(
    """
    authenticate background busy chanspy confbridge congestion dial directory meetme page park playback queue
    read readexten record retrydial sayunixtime voicemail voicemailmain wait waitexten
    """.split()  # noqa: SIM905 - read as a list of words
)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each application that is written in the old way."""
    beyond: dict[str, list[tuple[Located, str]]] = {}
    for located in subject.steps():
        for call in located.calls:
            text = _old(call) or _without_question(call) or _misplaced(call)
            if text:
                yield Finding(CODE, SEVERITY, text, located.spot)
            elif text := _lost(call):
                yield Finding(CODE, Severity.WARNING, text, located.spot)
            elif text := _beyond(call):
                beyond.setdefault(call.application.lower(), []).append((located, text))
    for (located, text), *others in beyond.values():
        more = f", and so in {len(others)} more places" if others else ""
        yield Finding(CODE, Severity.WARNING, text + more, located.spot)
    yield from _forgotten(subject)


def _lost(call: Call) -> str:
    """What Asterisk drops without a word."""
    name = call.application.lower()
    if name == "wait":
        seconds = call.data
        if is_literal(seconds) and seconds[:1].isdigit() and not SECONDS.fullmatch(seconds):
            return f"Wait({seconds}) does not wait at all: write seconds with a point, without a word behind them"
        return ""
    if name in GOES:
        places = [call.data] if name == "goto" else branches(call.data)[1:]
        rest = [
            ",".join(cut(place, ",")[PLACE:]).strip(", ") for place in places if place and place.count(",") >= PLACE
        ]
        lost = next(filter(None, rest), "")
        return f"{call.application} takes context, extension and priority: {lost} behind them is lost" if lost else ""
    return ""


def _beyond(call: Call) -> str:
    """Arguments behind the last; whoever writes them does so in every line."""
    most = MOST.get(call.application.lower(), 0)
    if not most or call.data.count(",") < most:
        return ""
    lost = ",".join(split(call.data)[most:]).strip(", ")
    if not lost or "://" in call.argument(most):
        return ""
    end = "is lost" if most == 1 else f"becomes part of argument {most}"
    return f"{call.application} takes {most} argument{'s' if most > 1 else ''}: {lost} behind {end}"


def _forgotten(subject: Subject) -> Iterator[Finding]:
    """Set with a second variable that somebody asks for: it stays as it is."""
    for located, call in subject.by_application.get("set", ()):
        if "," not in call.data or "=" not in call.data:
            continue
        name, value, *_ = [*cut(call.data, "=", 2), ""]
        others = (ANOTHER.match(piece) for piece in split(value)[1:]) if NAME.fullmatch(name) else ()
        other = next((one[1] for one in others if one and _asked_for(subject, one[1])), "")
        if other:
            text = f"Set takes one variable: {name} gets all of {value}, and {other} stays as it is; MSet takes several"
            yield Finding(CODE, Severity.WARNING, text, located.spot)


def _asked_for(subject: Subject, name: str) -> bool:
    return any(f"${{{name}}}" in located.step.data for located in subject.steps())


def _without_question(call: Call) -> str:
    """A condition, alone or with commas where a `?` belongs."""
    name = call.application.lower()
    if "?" in call.data or not call.certain:
        return ""
    alone = name in JUMPS_IF and CONDITION.fullmatch(call.data)
    if (
        not alone
        and not (name in DECIDES and "," in outside(call.data))
        and not (name == "gotoiftime" and _times(call))
    ):
        return ""
    return f"{call.application} without `?` goes nowhere, whatever the condition is: write condition?place"


def _times(call: Call) -> bool:
    """Times that are written out, and nothing that could hold the place to go to."""
    return "$" not in call.data and bool(call.data.strip())


def _arguments_of_gosub(call: Call) -> str:
    """Arguments behind commas, as Macro had them: Asterisk reads the number in front and drops the rest (measured)."""
    places = [call.data] if call.application.lower() == "gosub" else gosub_branches(call.data)[1:]
    for place in filter(None, places):
        pieces = cut(place, ",")
        if len(pieces) > PLACE and pieces[PLACE - 1].strip().isdigit():
            lost = ",".join(pieces[PLACE:]).strip()
            if lost:
                want = ",".join([*pieces[: PLACE - 1], f"{pieces[PLACE - 1].strip()}({lost})"])
                return (
                    f"the arguments {lost} are lost: Gosub takes them in brackets behind the priority, {want.strip()}"
                )
    return ""


def _misplaced(call: Call) -> str:
    """What stands where something else belongs."""
    name = call.application.lower()
    if name in ("gosub", "gosubif"):
        return _arguments_of_gosub(call)
    if name == "dial":
        return _misplaced_in_dial(call)
    if name == "voicemail" and OLD_MAILBOX.fullmatch(call.argument(1)):
        box = call.argument(1)
        return f"VoiceMail looks for a mailbox {box}: the options stand behind it, {box[1:]},{box[0]}"
    if name == "gotoif" and "?" in call.data:
        condition, _, places = call.data.partition("?")
        if "$[" in places and "$" not in condition and not condition.strip().isdigit():
            return "GotoIf takes the condition first, then ? and the place"
    return ""


def _misplaced_in_dial(call: Call) -> str:
    for one in filter(None, map(str.strip, cut(call.argument(1), "&"))):
        if is_literal(one) and "/" not in one:
            return f"Dial takes TECHNOLOGY/NAME, not {one}: the call is cut off here"
    seconds = call.argument(2)
    if seconds and is_literal(seconds) and not NUMBER.fullmatch(seconds):
        return f"Dial takes the seconds second, not {seconds}: it rings without an end"
    return ""


def _old(call: Call) -> str:
    if "|" not in call.data:
        return ""
    name = call.application.lower()
    if any("|" in outside(target.text) for target in targets(call) if target.kind is not Kind.MACRO):
        return f"{call.application} with | between its arguments is one label: the call is cut off here"
    if name == "execif" and "?" not in call.data and "|" in outside(call.data):
        return "ExecIf with | and without ? runs nothing: the call is cut off here"
    if name in NAMES and "|" in outside(call.data) and "," not in outside(call.data):
        return f"{call.application} takes everything as its first argument: write commas instead of |"
    return ""
