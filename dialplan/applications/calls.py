"""What one priority does, read from its text: the applications it may run and the places it may jump to."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications import effects
from dialplan.applications.arguments import branches, call_in, cut, gosub_branches, is_literal, options, split
from dialplan.applications.effect import Effect, Jump, Kind
from dialplan.light import dataclass, pattern

NUMBER = pattern(r"\s*[+-]?\d+\s*")
NESTING_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Call:
    """One application that a priority runs, itself or nested in ExecIf, TryExec and the like.

    `certain`: runs each time the priority runs. `tolerant`: a failure does not end the call (TryExec). `spaced`: a
    blank stands beside the name, and Asterisk finds no such application.
    """

    application: str
    data: str
    certain: bool = True
    tolerant: bool = False
    spaced: bool = False

    @property
    def effect(self) -> Effect | None:
        """The row of effects.py, None for an application nobody has described."""
        return effects.find(self.application)

    def argument(self, number: int) -> str:
        """The argument of that number, from 1; "" when it is not there."""
        pieces = split(self.data)
        return pieces[number - 1].strip() if number <= len(pieces) else ""


@dataclass(frozen=True, slots=True)
class Target:
    """A place as written: None stands for the current context or extension. `text` is the whole of it."""

    context: str | None
    exten: str | None
    priority: str
    kind: Kind
    text: str
    certain: bool = True

    @property
    def literal(self) -> bool:
        """True when no part of it is computed."""
        return is_literal(self.text)

    @property
    def number(self) -> int | None:
        """The priority as a number, None for a label or something computed; `relative` says from where."""
        return int(self.priority) if NUMBER.fullmatch(self.priority) else None

    @property
    def relative(self) -> bool:
        """True for `+2` and `-1`: counted from the current priority."""
        return self.number is not None and self.priority[:1] in ("+", "-")

    @property
    def label(self) -> str:
        """The label to look for: a leading sign does not belong to it (main/pbx.c pbx_parse_location)."""
        return self.priority[1:] if self.priority[:1] in ("+", "-") else self.priority


def calls(application: str, data: str, depth: int = 0) -> Iterator[Call]:
    """The application itself, then what it runs: `ExecIf(x?Goto(a,1):Hangup())` gives three."""
    yield Call(application, data)
    effect = effects.find(application)
    if effect is None or not effect.runs or depth >= NESTING_LIMIT:
        return
    tolerant = effect.name == "TryExec"
    for text in _nested(effect, data):
        name, arguments = call_in(text)
        spaced = name != name.strip()
        for call in calls(name.strip(), arguments, depth + 1):
            certain = call.certain and effect.runs != "branches"
            yield Call(call.application, call.data, certain, tolerant or call.tolerant, spaced or call.spaced)
            spaced = False


def _nested(effect: Effect, data: str) -> Iterator[str]:
    if effect.runs != "branches":
        texts = [data]
    elif effect.name == "ExecIf" and _deprecated_comma(data):
        _, *rest = split(data)
        texts = [f"{rest[0]}({','.join(rest[1:])})"] if rest else []
    elif effect.name == "ExecIfTime":  # one application only: a `:` belongs to its arguments
        texts = cut(data, "?", 2)[1:]
    else:
        pieces = split(data, "?")
        texts = split("?".join(pieces[1:]), ":")[:2] if len(pieces) > 1 else []
    yield from (text for text in texts if text.strip())


def _deprecated_comma(data: str) -> bool:
    """ExecIf(EXPR,APP,ARGUMENTS), as Asterisk tells it from ExecIf(EXPR?APP(ARGUMENTS)) (apps/app_exec.c)."""
    return len(cut(cut(data, "?", 2)[0], ",", 2)) == 2 or len(cut(data, "?", 2)) == 1


def targets(call: Call) -> Iterator[Target]:
    """The places in the dialplan that this application may send the call to, as written."""
    effect = call.effect
    for jump in effect.jumps if effect else ():
        if jump.kind in (Kind.GOTO, Kind.GOSUB):
            yield from _places(jump, call)
        elif jump.kind is Kind.MACRO and jump.place == "argument 1":
            name = call.argument(1)
            yield Target(f"macro-{name}", "s", "1", Kind.MACRO, f"macro-{name},s,1")


def _places(jump: Jump, call: Call) -> Iterator[Target]:
    word, _, rest = jump.place.partition(" ")
    if word == "target":
        yield place(call.data, jump.kind, call.certain)
    elif word == "branches":
        read = gosub_branches if jump.kind is Kind.GOSUB else branches
        yield from (place(text, jump.kind, False) for text in read(call.data)[1:] if text)
    elif word == "option" and call.application.lower() == "dial":
        text = options(call.argument(3)).get(rest, "")
        if text:
            yield place(text.replace("^", ","), jump.kind, False)


def place(text: str, kind: Kind = Kind.GOTO, certain: bool = True) -> Target:
    """Read `[[context,]extension,]priority`, for Gosub with `(arguments)` behind it (main/pbx.c)."""
    location = cut(text, "(", 2)[0] if kind is Kind.GOSUB else text
    pieces: list[str | None] = [*cut(location, ",")[:3]]
    context, exten, priority = [None] * (3 - len(pieces)) + pieces
    return Target(context or None, exten or None, priority or "", kind, location, certain)
