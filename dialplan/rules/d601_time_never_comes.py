"""Time conditions with gaps, overlaps or branches that never come

What it finds
    A GotoIfTime behind another one of the same extension that already takes all of its times; one whose
    times Asterisk cannot read, so that they never come; one whose two branches lead to the same place; weekdays in
    numbers that are counted from Monday (`1-5`): Asterisk counts from Sunday.
    Includes with times that leave hours of the week over in which an extension for calls from outside does
    not exist. As an information: two conditions of the same days that overlap, or that leave a minute or
    two between them.
Why it matters to a caller
    The holiday, the lunch break or the night service is announced, and the call goes where it goes on any
    other day.
Bad
    [from-trunk]
    exten => s,1,GotoIfTime(8:00-18:00,mon-fri,*,*?open,1)
    same => n,GotoIfTime(12:00-13:00,mon-fri,*,*?lunch,1)   ; expect: D601
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/reception,30)
    exten => lunch,1,Dial(PJSIP/night,30)
Good
    [from-trunk]
    exten => s,1,GotoIfTime(12:00-13:00,mon-fri,*,*?lunch,1)
    same => n,GotoIfTime(8:00-18:00,mon-fri,*,*?open,1)
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/reception,30)
    exten => lunch,1,Dial(PJSIP/night,30)
When to switch it off
    While a branch is switched off on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import branches, is_literal
from dialplan.finding import Finding, Severity, Spot
from dialplan.light import pattern
from dialplan.plan.model import Extension
from dialplan.plan.timing import DAY, Timing, parse
from dialplan.rules._times import left_over
from dialplan.subject import Located, Subject

CODE = "D601"
SEVERITY = Severity.WARNING
MISSION = "D6"

SEPARATOR = pattern(r"[|,]")
COUNTED = {
    "1-5": "Sunday to Thursday",
    "1-6": "Sunday to Friday",
    "6-7": "Friday and Saturday",
    "6&7": "Friday and Saturday",
    "7": "Saturday",
}
"""Numbers that hardly anybody means so."""
SHORT = 2
"""Minutes between two conditions that nobody leaves out on purpose."""


def check(subject: Subject) -> Iterator[Finding]:
    """Chains of GotoIfTime, then includes."""
    timed = subject.by_application.get("gotoiftime", ())
    for extension in {id(located.extension): located.extension for located, _ in timed}.values():
        yield from _chain(subject, extension)
    yield from _includes(subject)


def _chain(subject: Subject, extension: Extension) -> Iterator[Finding]:
    earlier: list[tuple[Timing, str]] = []
    for step in extension.steps.values():
        located = subject.locate(step)
        if step.label or step.application.lower() != "gotoiftime":
            if step.label or not _passes(located):
                earlier.clear()
            if step.application.lower() != "gotoiftime":
                continue
        spec, true, false = branches(step.data)
        if is_literal(spec):
            timing = parse(spec)
            severity, text = _judge(spec, timing, earlier, true, false)
            if text:
                yield Finding(CODE, severity, text, located.spot)
            if true and not false:
                earlier.append((timing, true))


def _judge(
    spec: str, timing: Timing, earlier: list[tuple[Timing, str]], true: str | None, false: str | None
) -> tuple[Severity, str]:
    """What is wrong with a condition, knowing those above it; "" for nothing."""
    if text := _numbered(spec):
        return SEVERITY, text
    if not (timing.minutes and timing.weekdays and timing.days and timing.months):
        return SEVERITY, f"the time {spec} never comes"
    if true and true == false:
        return SEVERITY, f"both branches lead to {true}: the time decides nothing"
    if any(_covers(one, timing) for one, _ in earlier):
        return SEVERITY, f"the time {spec} is already taken by a condition above"
    return Severity.INFO, _beside(spec, timing, earlier, true)


def _beside(spec: str, timing: Timing, earlier: list[tuple[Timing, str]], true: str | None) -> str:
    """Overlaps and gaps between this time and one above, of the same days."""
    for one, target in earlier:
        if target == true or _dates(one) != _dates(timing) or _covers(timing, one):
            continue
        both = (one.minutes & timing.minutes).bit_count()
        if both > 1:
            return f"the time {spec} overlaps with a condition above: {both} minutes go there"
        if not both and _gap([above for above, _ in earlier], one, timing):
            return f"a minute or two between the time {spec} and a condition above are left out"
    return ""


def _numbered(spec: str) -> str:
    """Weekdays that are counted from Monday; Asterisk counts from Sunday (main/pbx_timing.c lookup_name)."""
    weekdays = [*SEPARATOR.split(spec), ""][1].strip()
    said = COUNTED.get(weekdays)
    return f"the weekdays {weekdays} are {said}, as 1 is Sunday: write their names" if said else ""


def _dates(timing: Timing) -> tuple[int, int, int, str | None]:
    return timing.weekdays, timing.days, timing.months, timing.zone


def _gap(all_above: list[Timing], one: Timing, other: Timing) -> bool:
    """Is there a short stretch between the two that no condition takes?"""
    taken = other.minutes
    for above in all_above:
        taken |= above.minutes if above.weekdays & other.weekdays else 0
    for first, second in ((one, other), (other, one)):
        end = first.minutes.bit_length() if not first.minutes >> (DAY - 1) & 1 else 0
        free = [minute for minute in range(end, end + SHORT + 1) if not taken >> minute % DAY & 1]
        if free and free[0] == end and len(free) <= SHORT and second.minutes >> (end + len(free)) % DAY & 1:
            return True
    return False


def _includes(subject: Subject) -> Iterator[Finding]:
    """Their times, and extensions for calls from outside that only includes with times bring in."""
    for holder in subject.plan.contexts.values():
        for one in holder.includes:
            if one.timing and (text := _numbered(one.timing)):
                yield Finding(CODE, SEVERITY, text, Spot(one.place, holder.name))
    for entry in subject.flow.entries:
        context = subject.plan.contexts.get(entry.at.context)
        if context is None or not entry.outside or not any(include.timing for include in context.includes):
            continue
        if subject.places.open_ended(context.name) or any(subject.places.matching_in(context, entry.at.exten)):
            continue
        bring = [one for one in context.includes if subject.places.exists(one.context, entry.at.exten)]
        timings = [parse(one.timing) for one in bring if one.timing]
        if timings and len(timings) == len(bring):
            text = left_over(timings)
            if text:
                message = f"{text} there is no {entry.at.exten} in [{context.name}]: the call is refused"
                yield Finding(CODE, SEVERITY, message, Spot(bring[-1].place, context.name))


def _passes(located: Located) -> bool:
    """Does the call surely go on to the next step, so that what was asked above still holds?"""
    return located.calls[0].application.lower() in ("noop", "answer", "verbose", "set", "progress", "ringing", "wait")


def _covers(wide: Timing, narrow: Timing) -> bool:
    pairs = (
        (wide.minutes, narrow.minutes),
        (wide.weekdays, narrow.weekdays),
        (wide.days, narrow.days),
        (wide.months, narrow.months),
    )
    return wide.zone == narrow.zone and all(one | other == one for one, other in pairs)
