"""Conditions, assignments and look-ups (funcs/func_logic.c, func_global.c, func_dialplan.c)."""

from __future__ import annotations

from dialplan.expression.arguments import padded
from dialplan.expression.ctext import condition, strip, strip_quoted
from dialplan.expression.functions.registry import Builtin, pure
from dialplan.expression.scope import VARIABLE_BUFFER, Scope
from dialplan.expression.timing import in_time
from dialplan.expression.value import UnknowableError, Value, from_bytes_text


def _if(data: str) -> str | None:
    test, rest = padded(data, 2, "?")
    yes, no = padded(rest or "", 2, ":")
    if not test or (yes is None and no is None):
        return None
    return strip((yes if condition(strip(test)) else no) or "")


def _iftime(scope: Scope, data: str) -> str | None:
    spec, mark, rest = strip_quoted(data).partition("?")
    if not spec or not mark:
        return None
    yes, _, no = rest.partition(":")
    return strip_quoted(yes if in_time(spec, scope.now) else no)


def _set(scope: Scope, data: str) -> str | None:
    name, equals, value = data.partition("=")
    if not name or not equals:
        return None
    name, value = strip(name), strip(value)
    if not name:
        raise UnknowableError("SET() of a variable without a name")
    scope.store(name, value)
    return value


def _eval(scope: Scope, data: str) -> Value | None:
    return scope.substitute(data, VARIABLE_BUFFER - 1) if data else None


def _global(scope: Scope, data: str) -> Value | None:
    value = scope.stored_global(data)
    return "" if value is None else value


def _variable_exists(scope: Scope, name: str) -> str:
    key = from_bytes_text(name)
    known = key in scope.changes or key in scope.variables
    return "1" if known else _global_exists(scope, name)


def _global_exists(scope: Scope, name: str) -> str:
    key = from_bytes_text(name)
    if key in scope.global_changes or key in scope.world.globals:
        return "1"
    if scope.world.missing != "":
        raise UnknowableError(f"whether {key} is set")
    return "0"


def _dialplan_exists(scope: Scope, data: str) -> str | None:
    context, extension, priority = (argument or "" for argument in padded(data, 3))
    if not (context or extension or priority):
        return None
    lookup = scope.world.dialplan_exists
    found = None
    if lookup is not None:
        found = lookup(*map(from_bytes_text, (context, extension, priority)))
    if found is None:
        raise UnknowableError("DIALPLAN_EXISTS() without a dialplan to look in")
    return str(int(found))


BUILTINS: dict[str, Builtin] = {
    "ISNULL": pure(lambda data: "0" if data else "1"),
    "EXISTS": pure(lambda data: "1" if data else "0"),
    "IF": pure(_if),
    "IFTIME": Builtin(_iftime),
    "SET": Builtin(_set),
    "EVAL": Builtin(_eval),
    "GLOBAL": Builtin(_global),
    "GLOBAL_EXISTS": Builtin(_global_exists),
    "VARIABLE_EXISTS": Builtin(_variable_exists),
    "DIALPLAN_EXISTS": Builtin(_dialplan_exists),
}
