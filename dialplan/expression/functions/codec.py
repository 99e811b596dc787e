"""Encodings and digests (funcs/func_uri.c, func_base64.c, func_md5.c, func_sha1.c)."""

from __future__ import annotations

import base64
import hashlib
import string

from dialplan.expression.ctext import c_string
from dialplan.expression.functions.registry import Builtin, pure
from dialplan.expression.scope import VARIABLE_BUFFER
from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

_PLAIN = frozenset(string.ascii_letters + string.digits + "-_.!~*'()")
_ALPHABET = {
    char: code for code, char in enumerate(string.ascii_letters[26:] + string.ascii_lowercase + "0123456789+/")
}
_HEX = pattern(r"[0-9a-fA-F]+")


def _uri_encode(data: str) -> str:
    shown = [char if char in _PLAIN else f"%{ord(char):02X}" for char in data]
    text = "".join(shown)
    if len(text) >= VARIABLE_BUFFER - 3:
        raise UnknowableError("an encoded text that may not fit Asterisk's buffer")
    return text


def _uri_decode(data: str) -> str:
    kept, position = [], 0
    while position < len(data):
        code = _escape(data, position)
        kept.append(data[position] if code is None else chr(code))
        position += 1 if code is None else 3
    return c_string("".join(kept))


def _escape(data: str, position: int) -> int | None:
    """The byte of a `%hh` at `position`, read as sscanf's `%2x`."""
    text = data[position : position + 3]
    if text[0] != "%" or len(text) < 3:
        return None
    if text[1] in " \t\n\v\f\r+-" or text[1:3] in ("0x", "0X"):
        raise UnknowableError("URIDECODE() of a malformed escape")
    found = _HEX.match(text, 1, 3)
    return int(found[0], 16) if found else None


def _base64_encode(data: str) -> str | None:
    if not data:
        return None
    text = base64.b64encode(data.encode("latin-1")).decode()
    if len(text) >= VARIABLE_BUFFER - 3:
        raise UnknowableError("an encoded text that may not fit Asterisk's buffer")
    return text


def _base64_decode(data: str) -> str | None:
    """Stops at the first `=`; a character outside the alphabet counts as the last one of it."""
    if not data:
        return None
    data = data.partition("=")[0]
    if not data.isascii():
        raise UnknowableError("BASE64_DECODE() of non-ASCII text")
    bits = "".join(f"{_ALPHABET.get(char, 63):06b}" for char in data)
    return c_string("".join(chr(int(bits[at : at + 8], 2)) for at in range(0, len(bits) - 7, 8)))


def _digest(name: str, data: str) -> str | None:
    if not data:
        return None
    return hashlib.new(name, data.encode("latin-1"), usedforsecurity=False).hexdigest()


BUILTINS: dict[str, Builtin] = {
    "URIENCODE": pure(_uri_encode),
    "URIDECODE": pure(_uri_decode),
    "BASE64_ENCODE": pure(_base64_encode),
    "BASE64_DECODE": pure(_base64_decode),
    "MD5": pure(lambda data: _digest("md5", data)),
    "SHA1": pure(lambda data: _digest("sha1", data)),
}
