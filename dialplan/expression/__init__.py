"""Asterisk's `${…}` and `$[…]`, evaluated as Asterisk does; what cannot be known is Unknown, never guessed.

Pure functions of their arguments: no clock, no files. The rules are those of main/pbx_variables.c,
main/ast_expr2.y and .fl and funcs/func_*.c, measured against the real server (tests/fuzz/expressions.py).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from dialplan.expression.ctext import condition as _condition
from dialplan.expression.value import Hole, UnknowableError, Unknown, Value, join, to_bytes_text, value_out
from dialplan.expression.world import NOTHING_KNOWN, World
from dialplan.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from dialplan.expression.scope import Scope

DATA_LIMIT = 8191
"""Bytes of an application's data after substitution (EXT_DATA_SIZE less the NUL)."""

__all__ = [
    "DATA_LIMIT",
    "Evaluation",
    "Hole",
    "Unknown",
    "Value",
    "World",
    "assignment",
    "condition",
    "evaluate",
    "evaluation",
]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A value and the effects of evaluating it.

    `changes`, `global_changes`: the variables that functions such as SET and INC have set. `uncertain`: other
    variables may have been changed as well, by a function that is not known well enough.
    """

    value: Value
    changes: Mapping[str, Value]
    global_changes: Mapping[str, Value]
    warnings: tuple[str, ...]
    uncertain: bool = False


def evaluation(
    text: str, variables: Mapping[str, Value], *, world: World = NOTHING_KNOWN, now: datetime | None = None
) -> Evaluation:
    """Application data `text` as the application receives it, with the effects of evaluating it.

    `variables`: the channel's, without leading underscores; also EXTEN, CONTEXT, CHANNEL … where known.
    `now`: the time on Asterisk's wall clock, with a time zone where it shall be converted; None is unknown.
    """
    scope, value = _run(text, variables, world, now)
    return _ended(scope, value)


def assignment(
    text: str, variables: Mapping[str, Value], *, world: World = NOTHING_KNOWN, now: datetime | None = None
) -> Evaluation:
    """What the application Set does with the data `text`: the value it assigns, and all changes.

    Functions that set variables (GLOBAL, LOCAL, HASH, ARRAY, PUSH, UNSHIFT, DELETE) are followed; others, as
    CALLERID(num), change none. Without `=` nothing is assigned. A deleted variable becomes empty; LOCAL is
    taken to stand in a Gosub.
    """
    scope, value = _run(text, variables, world, now)
    pieces: tuple[str | Hole, ...] = (value,) if isinstance(value, str) else value.pieces
    name, equals, first = pieces[0].partition("=") if isinstance(pieces[0], str) else ("", "", "")
    if not equals:
        scope.uncertain |= isinstance(value, Unknown)
        return _ended(scope, "")
    assigned = join((first, Unknown(pieces[1:]) if pieces[1:] else ""))
    if name:
        scope.store(name, assigned)
    return _ended(scope, assigned)


@functools.cache
def _machinery() -> Callable[[Mapping[str, Value], World, datetime | None], Scope]:
    """Makes scopes. Loaded when a first text is evaluated: the functions take longer to load than many a plan."""
    from dialplan.expression.compute import compute
    from dialplan.expression.functions import call
    from dialplan.expression.scope import Scope

    return lambda variables, world, now: Scope(variables, world, now, call, compute)


def _run(text: str, variables: Mapping[str, Value], world: World, now: datetime | None) -> tuple[Scope, Value]:
    scope = _machinery()(variables, world, now)
    try:
        return scope, scope.substitute(to_bytes_text(text), DATA_LIMIT)
    except UnknowableError as problem:
        scope.uncertain = True
        return scope, Unknown.because(text, str(problem))


def _ended(scope: Scope, value: Value) -> Evaluation:
    changes = {name: value_out(new) for name, new in scope.changes.items()}
    global_changes = {name: value_out(new) for name, new in scope.global_changes.items()}
    return Evaluation(value_out(value), changes, global_changes, tuple(scope.warnings), scope.uncertain)


def evaluate(
    text: str, variables: Mapping[str, Value], *, world: World = NOTHING_KNOWN, now: datetime | None = None
) -> Value:
    """The value of `text` alone, see `evaluation`."""
    if "$" not in text and len(text) <= DATA_LIMIT and text.isascii() and "\0" not in text:
        return text
    return evaluation(text, variables, world=world, now=now).value


def condition(value: Value) -> bool | None:
    """Whether GotoIf, ExecIf and While take the value as true; None when that cannot be known.

    Empty is false; a leading integer decides by itself ("0]" is false); any other text is true.
    """
    if isinstance(value, str):
        return _condition(to_bytes_text(value))
    return None
