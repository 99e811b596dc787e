"""Writing to variables and to functions that set variables (pbx_builtin_setvar_helper, ast_func_write)."""

from __future__ import annotations

from collections.abc import Callable

from dialplan.expression.arguments import encoded_char, padded, separate
from dialplan.expression.value import Unknown, Value, from_bytes_text, join
from dialplan.light import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.expression.scope import Scope

ARRAY_SIZE = 100


def bare(name: str) -> str:
    """The name without the up to two underscores that only say who inherits the variable."""
    return name[1 + name.startswith("__") :] if name.startswith("_") else name


def write(scope: Scope, name: str, value: Value) -> None:
    """Set a variable, or write to the function when the name ends in a parenthesis."""
    if not name.endswith(")"):
        scope.changes[from_bytes_text(bare(name))] = value
        return
    function, _, rest = name.partition("(")
    writer = _WRITERS.get(function)
    if writer is not None:
        writer(scope, rest[:-1], value)
    elif function.startswith("ODBC"):
        scope.uncertain = True


def _global(scope: Scope, name: str, value: Value) -> None:
    scope.global_changes[from_bytes_text(bare(name))] = value


def _hash(scope: Scope, data: str, value: Value) -> None:
    name, key = padded(data, 2)
    if name is None or key is None:
        scope.uncertain = True
        return
    write(scope, f"~HASH~{bare(name)}~{key}~", value)


def _array(scope: Scope, data: str, value: Value) -> None:
    """One value for each name; names without one become empty."""
    names = separate(data, ARRAY_SIZE)
    if isinstance(value, Unknown):
        for name in names:
            write(scope, name, Unknown.because("ARRAY()", value.reason))
        return
    values = separate(value, ARRAY_SIZE)
    for number, name in enumerate(names):
        write(scope, name, values[number] if number < len(values) else "")


def _append(first: bool) -> Callable[[Scope, str, Value], None]:
    def append(scope: Scope, data: str, value: Value) -> None:
        name, delimiter = padded(data, 2)
        if not name:
            return
        found = encoded_char(delimiter) if delimiter else None
        before = scope.substitute(f"${{{bare(name)}}}", None)
        both = (value, before) if first else (before, value)
        write(scope, name, value if before == "" else join((both[0], found[0] if found else ",", both[1])))

    return append


def _delete(scope: Scope, name: str, _: Value) -> None:
    scope.changes[from_bytes_text(bare(name))] = ""


_WRITERS: dict[str, Callable[[Scope, str, Value], None]] = {
    "GLOBAL": _global,
    "LOCAL": write,
    "HASH": _hash,
    "ARRAY": _array,
    "PUSH": _append(first=False),
    "UNSHIFT": _append(first=True),
    "DELETE": _delete,
}
