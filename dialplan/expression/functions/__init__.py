"""Function calls: which function a call means, and what it gives (pbx_functions.c)."""

from __future__ import annotations

from dialplan.expression.functions import codec, lists, logic, maths, strings, times
from dialplan.expression.functions.registry import Builtin
from dialplan.expression.names import NEWER_FUNCTIONS, SETS_VARIABLES, WRITE_ONLY, known_to
from dialplan.expression.scope import Scope
from dialplan.expression.value import UnknowableError, Unknown, Value, from_bytes_text, value_in

BUILTINS: dict[str, Builtin] = {
    **strings.BUILTINS,
    **lists.BUILTINS,
    **logic.BUILTINS,
    **maths.BUILTINS,
    **codec.BUILTINS,
    **times.BUILTINS,
}


def _parts(text: str) -> tuple[str, str]:
    """Name and arguments: from the first `(` to the last `)`, or to the end where there is none."""
    name, _, rest = text.partition("(")
    end = rest.rfind(")")
    return name, rest if end < 0 else rest[:end]


def _given(scope: Scope, name: str, data: str) -> Value | None:
    if scope.world.function is None:
        return None
    found = scope.world.function(from_bytes_text(name), from_bytes_text(data))
    return None if found is None else value_in(found)


def _builtin(scope: Scope, name: str) -> Builtin | None:
    return BUILTINS.get(name) if scope.world.version >= NEWER_FUNCTIONS.get(name, 0) else None


def call(scope: Scope, text: str) -> Value | None:
    """The value of `NAME(arguments)`; None, which substitutes nothing, where the call fails.

    A function that Asterisk does not have is a warning and nothing; one that is not modelled is Unknown.
    """
    name, data = _parts(text)
    given = _given(scope, name, data)
    if given is not None:
        return given
    builtin = _builtin(scope, name)
    if builtin is not None:
        return builtin.run(scope, data)
    if known_to(scope.world.version, name) and name not in WRITE_ONLY:
        scope.uncertain |= name in SETS_VARIABLES or name.startswith("ODBC")
        return Unknown.because(f"${{{text}}}", f"{name}() depends on the call or the PBX")
    scope.warnings.append(f"function {name} is not known to Asterisk or cannot be read")
    return None


def called_in_expression(scope: Scope, name: str, data: str) -> str | None:
    """The value of a call inside `$[…]`; None, which counts as 0, for functions that cannot be read there.

    Raises UnknowableError where the function fails: Asterisk then reads memory it has not set.
    """
    given = _given(scope, name, data)
    if given is None:
        builtin = _builtin(scope, name)
        if builtin is None and (name in WRITE_ONLY or not known_to(scope.world.version, name)):
            return None
        if builtin is not None and builtin.grows:
            return None
        given = builtin.run(scope, data) if builtin else None
    if not isinstance(given, str):
        raise UnknowableError(given.reason if isinstance(given, Unknown) else f"{name}() in an expression")
    return given
