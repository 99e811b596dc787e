"""Where calls come in: what the user says, what channel drivers are configured for, or what names suggest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dialplan.applications.arguments import is_literal
from dialplan.flow.classes import KEYS, numbers
from dialplan.flow.model import At
from dialplan.keys import listens_while_playing, waits
from dialplan.light import dataclass, pattern
from dialplan.subject import Located, Subject

DRIVERS = ("pjsip.conf", "sip.conf", "iax.conf")
FREEPBX = ("from-trunk", "from-pstn", "ext-did", "from-sip-external", "from-digital", "from-analog")
INBOUND = pattern(
    r"(^|[-_])(in|inbound|incoming|did|dids|pstn|trunk|trunks|outside|external|public|incall)([-_]|$)|^from-",
    re.I,
)
FOR_CALLERS = pattern(r"(^|[-_])(ivr|menu|main|welcome|reception|hotline|helpline|support)([-_]|\d|$)", re.I)
NOT_INBOUND = pattern(
    r"out(bound|going)|dial|internal|inside|local|queue|^macro-|^sub-|^app-|hangup|(^|[-_])out([-_]|$)", re.I
)
DIALLED = pattern(r"s|\+?[0-9*#A-D+-]+")
SHORTEST = 3
SECTION = pattern(r"^\s*\[([^\]]+)\](?:\(([^)]*)\))?")
SETTING = pattern(r"^\s*([\w-]+)\s*=>?\s*([^;]*)")
LISTENS = frozenset({"read", "readexten"})
MAY_LISTEN = LISTENS | {"background", "waitexten"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A place where calls begin. `outside`: surely callers from outside; `why` in words."""

    at: At
    outside: bool
    why: str


def find(subject: Subject, given: Iterable[At] = ()) -> list[Entry]:
    """The entries of a plan; those that only keep unreached menus from being overlooked come last."""
    named = [one for at in given for one in _spread(subject, at, True, "as given")]
    if named:
        return named
    found = [*_configured(subject), *_by_name(subject)]
    found += _roots(subject, {one.at.context for one in found})
    found += _circles(subject, {one.at.context for one in found})
    found += _menus(subject)
    return list({one.at: one for one in reversed(found)}.values())[::-1]


def parse(text: str) -> At:
    """CONTEXT[,EXTEN[,PRIORITY]]. Raises ValueError."""
    context, *rest = [part.strip() for part in text.split(",")]
    if not context or len(rest) > 2:
        raise ValueError(f"{text!r} is no CONTEXT[,EXTEN[,PRIORITY]]")
    exten = rest[0] if rest else ""
    if len(rest) > 1 and not rest[1].isdigit():
        raise ValueError(f"{rest[1]!r} is no priority")
    return At(context, exten, int(rest[1]) if len(rest) > 1 else 1)


def _spread(subject: Subject, at: At, outside: bool, why: str) -> Iterator[Entry]:
    """The place itself, or every extension of the context when none is named."""
    if at.exten:
        yield Entry(at, outside, why)
        return
    menu = subject.places.exists(at.context, "s") and _menu(subject, at.context)
    if menu and not outside:
        yield Entry(At(at.context, "s"), outside, why)
        return
    for context in subject.places.path(at.context):
        for extension in context.extensions:
            if 1 not in extension.steps or extension.pattern in ("i", "t", "h", "e", "T", "o", "a"):
                continue
            number = next((n for n, _ in numbers(extension.pattern)), None)
            if number is None or (menu and number != "s" and len(number) < SHORTEST):
                continue  # a key of the menu, not a number that is called from outside
            if not outside or DIALLED.fullmatch(number):
                yield Entry(At(at.context, number), outside, why)


def _configured(subject: Subject) -> Iterator[Entry]:
    folders = {Path(file).parent for file in subject.plan.files if not file.startswith("<")}
    for folder in sorted(folders):
        for name in DRIVERS:
            try:
                text = (folder / name).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            for context in dict.fromkeys(contexts_of(name, text)):
                if context in subject.plan.contexts:
                    yield from _spread(subject, At(context, ""), True, f"{name} has context={context}")
    yield from _lines_and_queues(subject)


def _lines_and_queues(subject: Subject) -> Iterator[Entry]:
    """Lines to the outside, and the keys of those who wait in a queue."""
    main = subject.plan.files[0] if subject.plan.files else "<"
    if not any(Path(main).with_name(name).exists() for name in ("chan_dahdi.conf", "queues.conf")):
        return
    from dialplan.neighbours import dahdi  # seldom needed
    from dialplan.neighbours.contexts import keys_of_queues
    from dialplan.neighbours.files import neighbour

    found = neighbour(subject, dahdi.FILE)
    outside = [one.context.value for one in dahdi.lines(found) if one.context and not one.telephones] if found else []
    for context in dict.fromkeys(outside):
        yield from _spread(subject, At(context, ""), True, f"{dahdi.FILE} has context={context}")
    for context in dict.fromkeys(one.context for one in keys_of_queues(subject)):
        yield from _spread(subject, At(context, ""), False, f"queues.conf has context={context}")


def beside(subject: Subject, name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The sections of a configuration file that lies beside the plan, each with its settings."""
    for folder in sorted({Path(file).parent for file in subject.plan.files if not file.startswith("<")}):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        yield from _sections(text)


def contexts_of(name: str, text: str) -> Iterator[str]:
    """Contexts that a driver's configuration gives to trunks and guests, not to its own telephones."""
    sections = dict(_sections(text))
    identified = {one["endpoint"] for one in sections.values() if "endpoint" in one}
    for section, settings in sections.items():
        context = settings.get("context")
        if not context or "!" in settings.get("(", ""):
            continue
        if name == "pjsip.conf":
            telephone = "auth" in settings and section not in identified
        else:
            telephone = settings.get("host") == "dynamic" or settings.get("type") == "user"
        if not telephone:
            yield context


def _sections(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    made: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        head = SECTION.match(line)
        if head:
            options = head[2] or ""
            inherited: dict[str, str] = {}
            for parent in options.split(","):
                inherited |= {k: v for k, v in made.get(parent.strip(), {}).items() if k != "("}
            current = made.setdefault(head[1], {})
            current.update({**inherited, "(": options})
            continue
        setting = SETTING.match(line)
        if setting:
            current[setting[1].lower()] = setting[2].strip()
    yield from made.items()


def _by_name(subject: Subject) -> Iterator[Entry]:
    freepbx = any(name in subject.plan.contexts for name in ("from-trunk", "from-pstn", "ext-did"))
    for name in subject.plan.contexts:
        if name in FREEPBX or (not freepbx and INBOUND.search(name) and not NOT_INBOUND.search(name)):
            yield from _spread(subject, At(name, ""), True, f"[{name}] is named like one for calls from outside")


def _roots(subject: Subject, known: set[str]) -> Iterator[Entry]:
    """Contexts that nothing leads to."""
    named: set[str] = set()
    for context in subject.plan.contexts.values():
        named.update(include.context for include in context.includes)
    for located in subject.steps():
        for _, target in located.targets:
            if target.context and is_literal(target.context) and target.context != located.context.name:
                named.add(target.context)
    for name in subject.plan.contexts:
        if name not in named and name not in known and not name.startswith("macro-"):
            outside = bool(FOR_CALLERS.search(name)) and not NOT_INBOUND.search(name) and _menu(subject, name)
            yield from _spread(subject, At(name, ""), outside, f"nothing leads to [{name}]")


def _circles(subject: Subject, known: set[str]) -> Iterator[Entry]:
    """Contexts that only lead to each other: the first of each circle."""
    leads: dict[str, set[str]] = {}
    returns: set[str] = set()
    for context in subject.plan.contexts.values():
        leads[context.name] = {include.context for include in context.includes}
    for located in subject.steps():
        for _, target in located.targets:
            if target.context and not is_literal(target.context):
                return  # it may lead anywhere
            if target.context:
                leads[located.context.name].add(target.context)
        if located.step.application.lower() in ("return", "macroexit"):
            returns.add(located.context.name)
    reached = _reached(leads, known)
    for name in subject.plan.contexts:
        if name not in reached and name not in returns and not name.startswith("macro-"):
            reached |= _reached(leads, {name})
            yield from _spread(subject, At(name, ""), False, f"[{name}] is led to only by what it leads to")


def _reached(leads: Mapping[str, set[str]], starts: set[str]) -> set[str]:
    found, waiting = set(starts), list(starts)
    while waiting:
        for after in leads.get(waiting.pop(), ()):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


def _menus(subject: Subject) -> Iterator[Entry]:
    """Extensions that listen: they are looked at even when nothing leads to them."""
    for located in subject.steps():
        if _listens(located) and not _subroutine(subject, located):
            number = next((n for n, _ in numbers(located.extension.pattern)), None)
            if number is not None and 1 in located.extension.steps:
                yield Entry(At(located.context.name, number), False, "it listens for keys")


def _menu(subject: Subject, context: str) -> bool:
    """Do its own lines listen? Then its keys lead to its other extensions."""
    listening: set[str] | None = subject.memo.get("menus")
    if listening is None:
        listening = subject.memo["menus"] = {one.context.name for one in subject.steps() if _listens(one)}
    return context in listening


def _subroutine(subject: Subject, located: Located) -> bool:
    """Is it only ever called, so that nothing is known of a call that would begin there?"""
    returning: set[str] | None = subject.memo.get("subroutines")
    if returning is None:
        returns = ("return", "macroexit")
        returning = subject.memo["subroutines"] = {
            one.context.name for one in subject.steps() if one.step.application.lower() in returns
        }
    return located.context.name.startswith("macro-") or located.context.name in returning


def _listens(located: Located) -> bool:
    return not MAY_LISTEN.isdisjoint(located.names) and any(
        waits(call) or listens_while_playing(call) or call.application.lower() in LISTENS for call in located.calls
    )


__all__ = ["KEYS", "Entry", "contexts_of", "find", "parse"]
