"""Ways out of FreePBX that the hooks do not stand in: calls through them are not asked about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from concierge.installation.changes import text_of
from concierge.installation.layout import Layout
from dialplan.plan import UnreadableError, load
from dialplan.plan.model import Extension, Plan

_CALLS_HOOK = ("macro-dialout-trunk", "macro-dialout-dundi")
_ROUTES = ("from-internal", "outbound-allroutes")
_GENERATED = ("extensions.conf", "extensions_additional.conf")
_ASKS = re.compile(r"concierge-(outbound|leg|freepbx)\b")
_DIALS = re.compile(r"(retry)?dial", re.I)


def without_hook(layout: Layout) -> list[str]:
    """Generated macros of trunks that do not call the hook that their name has."""
    text = text_of(layout.etc / "extensions_additional.conf")
    found = []
    for name in _CALLS_HOOK:
        section = re.search(rf"^\[{name}\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
        if section and f"{name.removeprefix('macro-')}-predial-hook" not in section[1]:
            found.append(name)
    return found


def own_ways(etc: Path) -> list[str]:
    """`CONTEXT,EXTENSION` of the administrator's own among the routes, which dial what was dialled and do not ask."""
    try:
        plan = load(etc / "extensions.conf")
    except UnreadableError:
        return []
    return [
        f"{name},{one.pattern}"
        for name in _reached(plan)
        for one in plan.contexts[name].extensions
        if _passes(one) and Path(one.place.file).name not in _GENERATED
    ]


def _reached(plan: Plan) -> Iterator[str]:
    """What the routes include."""
    waiting, seen = [name for name in _ROUTES if name in plan.contexts], set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in plan.contexts:
            continue
        seen.add(name)
        waiting += [one.context for one in plan.contexts[name].includes]
        yield name


def _passes(extension: Extension) -> bool:
    """A pattern whose number goes into a Dial, with nothing of ours before it."""
    if not extension.pattern.startswith("_"):
        return False
    for _, step in sorted(extension.steps.items()):
        if _ASKS.search(step.data):
            return False
        if _DIALS.fullmatch(step.application) and "${EXTEN" in step.data:
            return True
    return False
