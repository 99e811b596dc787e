"""Announced hours differ from the time condition

What it finds
    Hours in a comment on the line of a GotoIfTime (or of an include with times) or just above it, or in the
    name of a prompt beside it (`open-8-to-17`), that no condition of this extension has. An information
    only: which of the two is right the files do not say.
Why it matters to a caller
    He is told to call until six, calls at half past five, and hears that nobody is there.
Bad
    [from-trunk]
    ; open 8:00 - 18:00
    exten => s,1,GotoIfTime(8:00-17:00,mon-fri,*,*?open,1)   ; expect: D602
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    ; open 8:00 - 18:00
    exten => s,1,GotoIfTime(8:00-17:59,mon-fri,*,*?open,1)
    same => n,Dial(PJSIP/night,30)
    exten => open,1,Dial(PJSIP/operator,30)
When to switch it off
    Where comments speak of other hours than these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.applications.arguments import branches, is_literal
from dialplan.finding import Finding, Severity, Spot
from dialplan.light import pattern
from dialplan.plan.model import Place
from dialplan.plan.timing import DAY, parse
from dialplan.subject import Located, Subject

CODE = "D602"
SEVERITY = Severity.INFO
MISSION = "D6"

CLOCK = r"(?<![\d.:])(\d{1,2})(?:[:.h](\d\d))?\s*([ap]\.?m\.?)?"
HOURS = pattern(rf"(?i){CLOCK}\s*(?:-|–|to|until|till|bis|do|and)\s*{CLOCK}(?![\d.:/-])")
PROMPT = pattern(r"(?i)(?<!\d)(\d{1,2})(?:[:h]?(\d\d))?(am|pm)?[-_]?(?:to|until|till|bis|do|[-_])[-_]?"
                 r"(\d{1,2})(?:[:h]?(\d\d))?(am|pm)?(?!\d)")  # fmt: skip
ABOUT_HOURS = pattern(r"(?i)open|hours|office|business|closed|time|geöffnet|zeiten|czynne|godzin|day|week")
TIMED = frozenset({"gotoiftime", "execiftime"})
PLAYS = frozenset({"playback", "background"})
COMMENT = pattern(r"^\s*;(?!-)(.*)$")
Hours = tuple[int, int]


def check(subject: Subject) -> Iterator[Finding]:
    """Comments first, then names of prompts."""
    timed = [(one, call) for name in sorted(TIMED) for one, call in subject.by_application.get(name, ())]
    conditions: dict[int, list[tuple[Located, Hours | None]]] = {}
    for located, call in timed:
        spec = branches(call.data)[0]
        conditions.setdefault(id(located.extension), []).append((located, _condition(spec)))
    for group in conditions.values():
        yield from _comments(subject, group)
    yield from _prompts(subject, conditions)
    for context in subject.plan.contexts.values():
        for include in context.includes:
            told = list(_told(subject, include.place)) if include.timing else []
            meant = _condition(include.timing or "")
            if told and meant and not any(_same(meant, one) for one in told):
                yield Finding(CODE, SEVERITY, _message(told), Spot(include.place, context.name))


def _condition(spec: str) -> Hours | None:
    """First and last minute of a condition with one range of times, else None."""
    times = spec.replace("|", ",").split(",")[0]
    if not is_literal(spec) or times.count("-") != 1 or "&" in times:
        return None
    minutes = parse(spec).minutes
    found = HOURS.search(times)
    return _minutes(*found.groups()) if found and minutes else None


def _minutes(*parts: str | None) -> Hours | None:
    """Two times of the clock as minutes of the day."""
    made = []
    for hour, minute, half in (parts[:3], parts[3:]):
        number = int(hour or 0)
        if half:
            number = number % 12 + (12 if half[0] in "pP" else 0)
        made.append(number * 60 + int(minute or 0))
    return (made[0], made[1]) if max(made) <= DAY and made[0] != made[1] else None


def _comments(subject: Subject, group: Iterable[tuple[Located, Hours | None]]) -> Iterator[Finding]:
    known = [hours for _, hours in group]
    if None in known:
        return
    for located, _ in group:
        told = [one for one in _told(subject, located.step.place) if not any(h and _same(h, one) for h in known)]
        if told:
            yield Finding(CODE, SEVERITY, _message(told), located.spot)


def _told(subject: Subject, place: Place) -> Iterator[Hours]:
    """Hours in the comment behind the line, or else in the comment lines just above it."""
    lines = subject.lines(place.file)
    if not 0 < place.line <= len(lines):
        return
    _, mark, behind = lines[place.line - 1].partition(";")
    texts = [behind] if mark else []
    above = place.line - 2
    while above >= 0 and (found := COMMENT.match(lines[above])):
        texts.append(found[1])
        above -= 1
    for text in texts:
        if ABOUT_HOURS.search(text) or ":" in text:
            yield from (hours for found in HOURS.finditer(text) if (hours := _minutes(*found.groups())))


def _prompts(subject: Subject, conditions: dict[int, list[tuple[Located, Hours | None]]]) -> Iterator[Finding]:
    """Names of prompts that state hours, in a context with a condition of one range."""
    by_context: dict[str, list[Hours | None]] = {}
    for group in conditions.values():
        for located, hours in group:
            by_context.setdefault(located.context.name, []).append(hours)
            for _, target in located.targets:
                if target.context:
                    by_context.setdefault(target.context, []).append(hours)
    for name in PLAYS if by_context else ():
        for located, call in subject.by_application.get(name, ()):
            known = by_context.get(located.context.name, [])
            told = _in_name(call.argument(1))
            if told and known and None not in known and not any(h and _same(h, told) for h in known):
                yield Finding(CODE, SEVERITY, _message([told]), located.spot)


def _in_name(prompt: str) -> Hours | None:
    found = PROMPT.search(prompt) if ABOUT_HOURS.search(prompt) else None
    return _minutes(*found.groups()) if found else None


def _same(one: Hours, other: Hours) -> bool:
    """Equal to the minute, twelve hours apart, or without the last minute."""
    return all(
        abs(a - b) % (DAY // 2) <= last or DAY // 2 - abs(a - b) % (DAY // 2) <= last
        for a, b, last in ((one[0], other[0], 0), (one[1], other[1], 1))
    )


def _message(told: Iterable[Hours]) -> str:
    texts = (f"{start // 60}:{start % 60:02}-{end // 60}:{end % 60:02}" for start, end in dict.fromkeys(told))
    return f"the hours {', '.join(texts)} are announced here, and no condition here has them"
