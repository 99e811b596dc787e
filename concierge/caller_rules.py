"""What the settings of callers must hold beyond their type: menus, operator, opening hours, callbacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from concierge.reading import Mistakes
from models.flow import MOST

if TYPE_CHECKING:
    from concierge.settings import CallbackSettings, HoursSettings, MenuSettings, SelftestSettings, Settings

NUMBER, CONTEXT = r"[A-Za-z0-9+*#_-]+", r"[A-Za-z0-9_-]+"
PER_MENU = ("passes", "wrong", "silences")
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_DAYS = re.compile(rf"{_DAY}(?:-{_DAY})?|\*")
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIMES = re.compile(rf"({_TIME})-({_TIME}|24:00)")


def check_callers(settings: Settings, mistakes: Mistakes) -> None:
    """Add what is wrong with the values."""
    _check_menu(settings.menu, mistakes)
    for name in ("dial", "second"):
        if any(char in getattr(settings.operator, name) for char in "\r\n\0;,"):
            mistakes.add(f"operator.{name}", "one line without `;` and `,`, as Dial gets it, e.g. PJSIP/100&PJSIP/101")
    for name in ("ring", "patience"):
        _at_least(getattr(settings.operator, name), 1, f"operator.{name}", mistakes)
    _check_hours(settings.hours, mistakes)
    _check_callbacks(settings.callbacks, mistakes)
    _check_selftest(settings.selftest, mistakes)


def _check_selftest(selftest: SelftestSettings, mistakes: Mistakes) -> None:
    for number in selftest.numbers:
        if not re.fullmatch(NUMBER, number):
            mistakes.add("selftest.numbers", f"{number!r} cannot be a number")
    if not re.fullmatch(CONTEXT, selftest.context) and (selftest.context or selftest.numbers):
        mistakes.add("selftest.context", f"{selftest.context!r}: name the context where callers come in")
    _at_least(selftest.paths, 1, "selftest.paths", mistakes)
    _at_least(selftest.depth, 1, "selftest.depth", mistakes)
    if not 0.5 <= selftest.ring <= 60 or not 10 <= selftest.call <= 600:
        mistakes.add("selftest", "ring is between 0.5 and 60 seconds, call between 10 and 600")


def _check_menu(menu: MenuSettings, mistakes: Mistakes) -> None:
    for name in ("passes", "wrong", "silences", "errors", "total", "seconds"):
        _at_least(getattr(menu, name), 0, f"menu.{name}", mistakes)
        if getattr(menu, name) >= MOST:
            mistakes.add(f"menu.{name}", f"{getattr(menu, name)} is too large; below {MOST}")
    _at_least(menu.orientation, 1, "menu.orientation", mistakes)
    for name, text in menu.menus.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
            mistakes.add(f"menu.menus.{name}", "letters, digits, _ and - only, at most 40")
        if limits_of_menu(text) is None:
            mistakes.add(f"menu.menus.{name}", f"{text!r}: expected e.g. `passes=5 wrong=1`, of {', '.join(PER_MENU)}")


def limits_of_menu(text: str) -> Mapping[str, int] | None:
    """`passes=5 wrong=1` -> numbers by name; None when it is not such a text."""
    found = [re.fullmatch(rf"({'|'.join(PER_MENU)})=([0-9]{{1,3}})", word) for word in text.split()]
    return {one[1]: int(one[2]) for one in found if one} if found and all(found) else None


def _check_hours(hours: HoursSettings, mistakes: Mistakes) -> None:
    for days, times in hours.open.items():
        if not _DAYS.fullmatch(days):
            mistakes.add(f"hours.open.{days}", "days as mon, mon-fri or *, in English")
        for one in times.split() or [times]:
            found = _TIMES.fullmatch(one)
            if found is None or found[1] >= found[2]:
                mistakes.add(f"hours.open.{days}", f"{one!r}: times as 09:00-17:00, several with a space between")
    for number, day in enumerate(hours.holidays):
        if not _is_date(day if len(day) > 5 else f"2024-{day}"):
            mistakes.add(f"hours.holidays[{number}]", f'{day!r}: a date as "2026-12-25", or "12-25" for every year')


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_callbacks(callbacks: CallbackSettings, mistakes: Mistakes) -> None:
    for name, least in (("within", 1), ("abandoned", 0), ("attempts", 1), ("pause", 60), ("at_once", 1)):
        _at_least(getattr(callbacks, name), least, f"callbacks.{name}", mistakes)
    for name, most in (
        ("within", 8760),
        ("abandoned", 86_400),
        ("attempts", 100),
        ("pause", 604_800),
        ("at_once", 100),
    ):
        if getattr(callbacks, name) > most:
            mistakes.add(f"callbacks.{name}", f"{getattr(callbacks, name)} is too large; at most {most}")
    if "{number}" not in callbacks.channel or any(char in callbacks.channel for char in "\r\n\0;,"):
        mistakes.add("callbacks.channel", "one line with {number} in it, e.g. Local/{number}@from-internal/n")


def _at_least(value: int, least: int, key: str, mistakes: Mistakes) -> None:
    if value < least:
        mistakes.add(key, f"{value} is too small; at least {least}")
