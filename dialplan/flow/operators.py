"""Places that count as a person, because the administrator says so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dialplan.flow.model import At, State
from dialplan.plan.match import Found
from dialplan.plan.patterns import Fit, fit

GLOB = re.compile(r"[*?]")


class Operators:
    """`places`: an empty extension stands for all of them, one that begins with `_` is a pattern as in the dialplan.

    In the name of a context `*` and `?` stand for any letters and for one.
    """

    def __init__(self, places: Iterable[At] = ()) -> None:
        self._by_context: dict[str, list[At]] = {}
        self._globs: list[tuple[re.Pattern[str], At]] = []
        self._known: dict[tuple[str, str, str, int], bool] = {}
        for at in places:
            if GLOB.search(at.context):
                self._globs.append((glob(at.context), at))
            else:
                self._by_context.setdefault(at.context, []).append(at)

    def __bool__(self) -> bool:
        return bool(self._by_context or self._globs)

    def take(self, state: State, found: Found | None) -> bool:
        """Does the call get to one here? A context counts where it is current, and where its extension runs."""
        owner = found.context if found else state.context
        place = owner, *state[:3]
        known = self._known.get(place)
        if known is None:
            contexts = {state.context, owner}
            known = self._known[place] = any(self._at(one, state.exten, state.priority) for one in contexts)
        return known

    def extensions(self, context: str) -> list[str]:
        """The extensions of a context that were named, as they were written."""
        return [at.exten for at in self._places(context) if at.exten]

    def _at(self, context: str, exten: str, priority: int) -> bool:
        places = self._places(context)
        return any(not at.exten or (at.priority == priority and _fits(at.exten, exten)) for at in places)

    def _places(self, context: str) -> list[At]:
        return [*self._by_context.get(context, ()), *(at for wanted, at in self._globs if wanted.fullmatch(context))]


def glob(text: str) -> re.Pattern[str]:
    """A name in which `*` and `?` stand for others."""
    letters = (".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in text)
    return re.compile("".join(letters))


def _fits(wanted: str, exten: str) -> bool:
    return fit(wanted, exten) is not Fit.NO
