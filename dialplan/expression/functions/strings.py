"""Functions on one string (funcs/func_strings.c, func_sprintf.c)."""

from __future__ import annotations

import re
import string

from dialplan.expression.arguments import encoded_char, encoded_text, need, padded, separate
from dialplan.expression.ctext import C_SPACE, atoi, scan_float, scan_int
from dialplan.expression.functions.registry import Builtin, pure, variable
from dialplan.expression.regex import search
from dialplan.expression.scope import MAX_LENGTH, VARIABLE_BUFFER, Scope
from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_KEYS = {char: key for key, chars in enumerate(("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"), 2)
         for char in chars + chars.lower()}  # fmt: skip


def _quote(data: str) -> str:
    return '"' + data.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _csv_quote(data: str) -> str:
    return '"' + data.replace('"', '""') + '"'


def _quoted(data: str, text: str) -> str:
    if len(text) >= VARIABLE_BUFFER - 3:
        raise UnknowableError(f"a quoted text of {len(data)} bytes, which may not fit Asterisk's buffer")
    return text


def _keypad(data: str) -> str:
    return "".join(char if char.isdigit() and char.isascii() else str(_KEYS.get(char, "")) for char in data)


def _trim(data: str, left: bool, right: bool) -> str | None:
    """Asterisk never removes the last character of a text that is all blanks."""
    if not data:
        return None
    if left:
        data = data.lstrip(C_SPACE)
    if right and data:
        data = data[0] + data[1:].rstrip(C_SPACE) if data[0] in C_SPACE else data.rstrip(C_SPACE)
    return data


def _allowed(spec: str) -> set[str] | None:
    """The characters FILTER keeps; ranges may wrap round."""
    kept: set[str] = set()
    while spec:
        first = encoded_char(spec)
        if first is None:
            return None
        low, spec = ord(first[0] or "\0"), spec[first[1] :]
        high = low
        if spec[:1] == "-":
            second = encoded_char(spec[1:])
            if second is None and spec[1:2] == "\\":
                raise UnknowableError("FILTER() with a malformed escape")
            high, used = (ord(second[0] or "\0"), second[1]) if second else (low, 0)
            spec = spec[1 + used :]
        kept.update(chr(code & 0xFF) for code in range(low, high + 1 if high >= low else high + 257))
    return kept - {"\0"}


def _filter(data: str) -> str | None:
    found = separate(data, 2, remove=False)
    if len(found) < 2:
        return None
    kept = _allowed(found[0])
    return None if kept is None else "".join(char for char in found[1] if char in kept)


def _replace(scope: Scope, data: str) -> str | None:
    name, find, by = padded(data, 3)
    if find is None:
        return None
    wanted = encoded_text(find, 255)
    if not wanted or not name:
        return None
    text = variable(scope, name)
    replacement = encoded_char(by or "")
    new = replacement[0] if replacement else ""
    return "".join(new if char in wanted else char for char in text) if text else None


def _strreplace(scope: Scope, data: str) -> str | None:
    name, find, by, limit, _ = padded(data, 5)
    if not find or not name:
        return None
    count = atoi(limit) if limit else 0
    text = variable(scope, name)
    if len(text) + text.count(find) * len(by or "") > MAX_LENGTH:
        raise UnknowableError("a text that grows too long")
    return text.replace(find, by or "", count if count > 0 else -1)


def _strbetween(scope: Scope, data: str) -> str | None:
    found = separate(data, 3)
    if len(found) != 2 or not found[0]:
        return None
    text = variable(scope, found[0])
    if len(text) * (len(found[1]) + 1) > MAX_LENGTH:
        raise UnknowableError("a text that grows too long")
    return found[1].join(text)


def _regex(data: str) -> str | None:
    found = separate(data, 3, '"')
    if len(found) != 3:
        return None
    text = found[2][1:] if found[2][:1] in (" ", "\t") else found[2]
    match = search(found[1], text)
    return None if match is None else ("0" if match.span is None else "1")


_SPEC = pattern(r"%([#0\- +'I]*)([0-9]*)(\.[0-9]*)?(hh|ll|[hlLqjzt])?(.?)", re.DOTALL)
_INTEGER_KINDS = "diouxXc"
_FLOAT_KINDS = "eEfFgG"


def _sprintf(data: str) -> str | None:
    """Stops at a format that is not known, as Asterisk does, and then gives nothing."""
    arguments = padded(data, 101)
    text, kept, position, used = arguments[0], [], 0, 1
    if text is None:
        raise UnknowableError("Asterisk crashes: SPRINTF() without a format")
    while (found := _SPEC.search(text, position)) is not None:
        kept.append(text[position : found.start()])
        position = found.end()
        kind = found[5]
        if kind == "%":
            kept.append("%")
            continue
        if not kind:
            return "".join(kept)
        shown = _format(found, kind, arguments[used] if used < 101 else None)
        if shown is None:
            return None
        kept.append(shown)
        used += 1
    return "".join([*kept, text[position:]])


def _format(spec: re.Match[str], kind: str, argument: str | None) -> str | None:
    if kind == "a" or kind == "A" or int(spec[2] or "0") > 400 or int((spec[3] or ".")[1:] or "0") > 400:
        raise UnknowableError("SPRINTF() with a format that is not modelled")
    if kind == "s":
        return _pad(spec, _cut(need(argument), spec[3]))
    if kind not in _INTEGER_KINDS + _FLOAT_KINDS:
        return None
    if argument is None:
        return None
    return _format_integer(spec, kind, argument) if kind in _INTEGER_KINDS else _format_float(spec, kind, argument)


def _cut(text: str, precision: str | None) -> str:
    return text if precision is None else text[: int(precision[1:] or "0")]


def _pad(spec: re.Match[str], text: str) -> str:
    width = int(spec[2] or "0")
    if "0" in spec[1] or spec[4]:
        raise UnknowableError("SPRINTF() with a format that is not modelled")
    return text.ljust(width) if "-" in spec[1] else text.rjust(width)


def _flags(spec: re.Match[str], dropped: str) -> str:
    return "".join(char for char in spec[1] if char not in "'I" + dropped)


def _format_integer(spec: re.Match[str], kind: str, argument: str) -> str | None:
    found = scan_int(argument)
    if found is None:
        return None
    value = found[0]
    if kind == "c":
        return _pad(spec, chr(value & 0xFF) if value & 0xFF else "")
    if spec[4] or ("#" in spec[1] and (kind == "o" or value == 0)):
        raise UnknowableError("SPRINTF() with a format that is not modelled")
    if spec[3] is not None and (value == 0 or "0" in spec[1] or "#" in spec[1]):
        raise UnknowableError("SPRINTF() with a format that is not modelled")
    if kind in "di":
        return f"%{_flags(spec, '#')}{spec[2]}{spec[3] or ''}d" % value
    shown = "d" if kind == "u" else kind
    return f"%{_flags(spec, '+ ' + ('#' if kind == 'u' else ''))}{spec[2]}{spec[3] or ''}{shown}" % (value % 2**32)


def _format_float(spec: re.Match[str], kind: str, argument: str) -> str | None:
    value = scan_float(argument)
    if value is None:
        return None
    if spec[4]:
        raise UnknowableError("SPRINTF() with a format that is not modelled")
    return f"%{_flags(spec, '')}{spec[2]}{spec[3] or ''}{kind}" % value


BUILTINS: dict[str, Builtin] = {
    "LEN": pure(lambda data: str(len(data))),
    "TOUPPER": pure(lambda data: data.translate(_UPPER)),
    "TOLOWER": pure(lambda data: data.translate(_LOWER)),
    "QUOTE": pure(lambda data: _quoted(data, _quote(data))),
    "CSV_QUOTE": pure(lambda data: _quoted(data, _csv_quote(data))),
    "KEYPADHASH": pure(_keypad),
    "TRIM": pure(lambda data: _trim(data, True, True)),
    "LTRIM": pure(lambda data: _trim(data, True, False)),
    "RTRIM": pure(lambda data: _trim(data, False, True)),
    "PASSTHRU": Builtin(lambda _scope, data: data, grows=True),
    "FILTER": pure(_filter),
    "REPLACE": Builtin(_replace, grows=True),
    "STRREPLACE": Builtin(_strreplace, grows=True),
    "STRBETWEEN": Builtin(_strbetween, grows=True),
    "REGEX": pure(_regex),
    "SPRINTF": pure(_sprintf),
}
