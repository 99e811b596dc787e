"""Functions on delimited lists in variables (funcs/func_strings.c, func_cut.c)."""

from __future__ import annotations

import itertools
import struct

from dialplan.expression.arguments import encoded_char, encoded_text, need, padded, separate
from dialplan.expression.ctext import INT_MAX, scan_float, scan_int
from dialplan.expression.functions.registry import Builtin, pure, variable
from dialplan.expression.scope import Scope
from dialplan.expression.value import UnknowableError, Unknown, Value


def _fields(text: str, delimiter: str) -> list[str]:
    return text.split(delimiter) if delimiter else [text]


def _delimiter(text: str | None, otherwise: str) -> str:
    found = encoded_char(text) if text else None
    return found[0] if found else otherwise


def _fieldqty(scope: Scope, data: str) -> str:
    name, delimiter = padded(data, 2)
    if delimiter is None:
        return "1"
    text = variable(scope, need(name))
    return str(len(_fields(text, _delimiter(delimiter, "")))) if text else "0"


def _fieldnum(scope: Scope, data: str) -> str | None:
    name, delimiter, wanted = padded(data, 3)
    if name is None or wanted is None:
        return None
    text = variable(scope, name)
    if not text or not delimiter:
        return "0"
    char = encoded_char(delimiter)
    if char is None:
        return None
    lowered = [_lower(field) for field in _fields(text, char[0])]
    return str(lowered.index(_lower(wanted)) + 1) if _lower(wanted) in lowered else "0"


def _lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _listfilter(scope: Scope, data: str) -> str | None:
    name, delimiter, wanted = padded(data, 3)
    if name is None or delimiter is None or wanted is None:
        return None
    text = variable(scope, name)
    if not text:
        return None
    if wanted not in text:
        return text
    return _without(text, encoded_text(delimiter, len(delimiter)) or ",", wanted)


def _without(text: str, delimiter: str, wanted: str) -> str:
    """Asterisk reads beyond the end when the last field is shorter than the delimiter."""
    fields = text.split(delimiter)
    if len(fields[-1]) < len(delimiter):
        raise UnknowableError("LISTFILTER() of a list that ends in an empty field")
    return delimiter.join(field for field in fields if field != wanted)


def _range(spec: str) -> tuple[int, int] | None:
    """One of CUT's ranges: `n`, `n-m`, `-m`, `n-`."""
    first = scan_int(spec)
    if first is not None and spec[first[1] : first[1] + 1] == "-":
        second = scan_int(spec, first[1] + 1)
        if second is not None:
            return first[0], second[0]
    if spec[:1] == "-" and (stop := scan_int(spec, 1)) is not None:
        return 1, stop[0]
    if first is None:
        return None
    return first[0], INT_MAX if spec[first[1] : first[1] + 1] == "-" else first[0]


def _cut(scope: Scope, data: str) -> str | None:
    name, delimiter, specs = padded(data, 3)
    if name is None or specs is None:
        return None
    text = variable(scope, name)
    if not text:
        return ""
    char = _delimiter(delimiter, "-")
    fields, position, kept = _fields(text, char), 0, list[str]()
    for spec in specs.split("&"):
        if position >= len(fields):
            break
        found = _range(spec)
        if found is None:
            return None
        position = max(position, found[0] - 1)
        kept.extend(fields[position : max(position, found[1])])
        position = max(position, min(found[1], len(fields)))
    return char.join(kept)


def _shift(scope: Scope, data: str, first: bool) -> str | None:
    """Takes a field off the variable."""
    name, delimiter = padded(data, 2)
    if not name:
        return None
    value = scope.substitute(f"${{{name}}}", None)
    if isinstance(value, Unknown):
        scope.store(name, value)
        raise UnknowableError(value.reason)
    char = _delimiter(delimiter, ",")
    if not value:
        return None
    if not char:
        scope.store(name, Unknown.because(f"${{{name}}}", "SHIFT() or POP() with a NUL as delimiter"))
        raise UnknowableError("SHIFT() or POP() with a NUL as delimiter")
    if char not in value:
        scope.store(name, "")
        return value
    head, tail = value.split(char, 1) if first else value.rsplit(char, 1)
    scope.store(name, tail if first else head)
    return head if first else tail


def _hash(scope: Scope, data: str) -> Value | None:
    found = separate(data, 2)
    if len(found) != 2:
        raise UnknowableError("HASH() of all keys")
    key = f"~HASH~{found[0]}~{found[1]}~"
    if len(key) > 255:
        raise UnknowableError("a hash key longer than Asterisk's buffer")
    value = scope.stored(key)
    return "" if value is None else value


def _sort(data: str) -> str:
    pairs = [field.partition(":") for field in data.split(",")]
    keyed = [(_float(value), key) for key, colon, value in pairs if colon]
    keyed.sort(key=lambda pair: pair[0])
    for (low, first), (high, second) in itertools.pairwise(keyed):
        if low == high and first != second:
            raise UnknowableError("SORT() of equal values, whose order depends on the C library")
    return ",".join(key for _, key in keyed)


def _float(text: str) -> float:
    value = scan_float(text) or 0.0
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        raise UnknowableError("SORT() of a value out of range") from None


BUILTINS: dict[str, Builtin] = {
    "FIELDQTY": Builtin(_fieldqty),
    "FIELDNUM": Builtin(_fieldnum),
    "LISTFILTER": Builtin(_listfilter),
    "CUT": Builtin(_cut),
    "SHIFT": Builtin(lambda scope, data: _shift(scope, data, True), grows=True),
    "POP": Builtin(lambda scope, data: _shift(scope, data, False), grows=True),
    "HASH": Builtin(_hash),
    "SORT": pure(_sort),
}
