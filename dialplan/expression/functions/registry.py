"""How a function is described."""

from __future__ import annotations

from collections.abc import Callable

from dialplan.expression.scope import Scope
from dialplan.expression.value import UnknowableError, Unknown, Value
from dialplan.light import dataclass


@dataclass(frozen=True, slots=True)
class Builtin:
    """`run(scope, arguments)` gives the value, or None where Asterisk's function fails.

    `grows`: Asterisk offers it only with a growing buffer, so `$[NAME()]` cannot call it.
    """

    run: Callable[[Scope, str], Value | None]
    grows: bool = False


def pure(function: Callable[[str], str | None]) -> Builtin:
    """A function of its arguments alone."""
    return Builtin(lambda _scope, data: function(data))


def variable(scope: Scope, name: str) -> str:
    """`${name}`, as functions that take a variable's name read it; raises UnknowableError if not known."""
    value = scope.substitute(f"${{{name}}}", None)
    if isinstance(value, Unknown):
        raise UnknowableError(value.reason)
    return value
