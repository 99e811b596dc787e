"""PURE: what happens next to a caller in a menu: go on, or to the operator.

The state of a call is a short text in a channel variable, so that a restart of the daemon changes nothing:
`main.pass=2/main.wrong=1`. Anything unreadable in it counts as an error of the menu.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_ITEM = re.compile(r"([A-Za-z0-9_-]{1,40})\.(pass|wrong|silence|error)=([0-9]{1,4})")
_MENU = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MENUS_REMEMBERED = 20  # a channel variable must stay short; more menus than this is a maze in itself
LONGEST_STATE = 1200  # characters; state and nonce must fit into one AGI command
MOST = 9999


class Happening(StrEnum):
    """What the dialplan reports."""

    PASS = "pass"  # noqa: S105 - the caller enters the menu (again)
    WRONG = "wrong"
    SILENCE = "silence"
    ERROR = "error"


class Step(StrEnum):
    """What the dialplan is told."""

    GO = "GO"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of each one call may have before the operator takes it. `total`: passes through all menus; `seconds` in
    menus, 0 for any. `menus`: passes, wrong and silences of one menu by its name, instead of and beside those.
    """

    passes: int = 3
    wrong: int = 3
    silences: int = 2
    errors: int = 0
    total: int = 12
    seconds: int = 0
    menus: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextStep:
    """Where to, why (a stable word) and the state to carry on."""

    step: Step
    reason: str
    state: str


def next_step(state: str, menu: str, happening: str, limits: Limits, spent: int = 0) -> NextStep:
    """Count one happening in one menu, `spent` seconds after the first, and say what is next. Never raises: an
    unreadable report is an error.
    """
    counts = read_state(state)
    if counts is None:
        return NextStep(Step.OPERATOR, "menu-error", "")
    if not _MENU.fullmatch(menu) or happening not in set(Happening):
        return NextStep(Step.OPERATOR, "menu-error", state)
    key = (menu, Happening(happening))
    counts[key] = counts.get(key, 0) + 1
    after = write_state(counts)
    if read_state(after) is None:  # too many menus to remember: a maze, and the counts so far still hold
        return NextStep(Step.OPERATOR, "menu-total", state)
    reason = _over(counts, menu, limits) or ("menu-time" if 0 < limits.seconds < spent else "")
    return NextStep(Step.OPERATOR if reason else Step.GO, reason or "within-limits", after)


def read_state(text: str) -> dict[tuple[str, Happening], int] | None:
    """`main.pass=2/…` -> counts; None when it is not such a text, or too long for one."""
    counts: dict[tuple[str, Happening], int] = {}
    if len(text) > LONGEST_STATE:
        return None
    for item in text.split("/") if text else ():
        found = _ITEM.fullmatch(item)
        if found is None:
            return None
        counts[found[1], Happening(found[2])] = int(found[3])
    return counts if len({menu for menu, _ in counts}) <= _MENUS_REMEMBERED else None


def write_state(counts: Mapping[tuple[str, Happening], int]) -> str:
    """The inverse of `read_state`."""
    return "/".join(f"{menu}.{what.value}={min(count, MOST)}" for (menu, what), count in counts.items())


def _over(counts: Mapping[tuple[str, Happening], int], menu: str, limits: Limits) -> str:
    def of_call(what: Happening) -> int:
        return sum(count for (_, kind), count in counts.items() if kind is what)

    def here(what: Happening, name: str) -> tuple[int, int]:
        return counts.get((menu, what), 0), own.get(name, MOST)

    own = {"passes": limits.passes} | dict(limits.menus.get(menu, {}))
    checks = (
        (*here(Happening.PASS, "passes"), "menu-passes"),
        (*here(Happening.WRONG, "wrong"), "menu-wrong-keys"),
        (*here(Happening.SILENCE, "silences"), "menu-silence"),
        (of_call(Happening.PASS), limits.total, "menu-total"),
        (of_call(Happening.WRONG), limits.wrong, "menu-wrong-keys"),
        (of_call(Happening.SILENCE), limits.silences, "menu-silence"),
        (of_call(Happening.ERROR), limits.errors, "menu-error"),
    )
    return next((reason for count, most, reason in checks if count > most), "")
