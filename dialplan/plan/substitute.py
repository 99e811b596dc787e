"""`${…}` at load time, when only globals exist (main/pbx_variables.c: pbx_substitute_variables_helper)."""

from __future__ import annotations

import re

from dialplan.light import Final, pattern
from dialplan.plan.secrets import looks_secret

VALUE_LIMIT: Final = 8191
_DEPTH_LIMIT: Final = 15
_RANGE = pattern(r"\s*([+-]?\d+)(?::\s*([+-]?\d+))?", re.A)
_MEETS = {"{": ("${", "{", "}"), "[": ("$[", "[", "]")}
_RUNTIME = pattern(r"EPOCH|SYSTEMNAME|ENTITYID|AST[A-Z]+DIR")


class Globals:
    """Global variables as they are set line by line, and what of them went into the plan's own names.

    `secrets` are credential-looking values that were put into extensions or includes; `unknown` are
    references
    that only a running Asterisk can resolve (functions, expressions, its own paths): these stay as written.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.secrets: set[str] = set()
        self.unknown: dict[str, None] = {}

    def set(self, name: str, value: str) -> None:
        """One line of [globals]: `_` and `__` before a name say how it is inherited and do not belong to
        it.
        """
        value = self.substitute(value)
        if name.endswith(")"):
            self.unknown[name] = None
            return
        self.values[re.sub("^__?", "", name)] = value

    def substitute(self, text: str, limit: int = VALUE_LIMIT, local: dict[str, str] | None = None) -> str:
        """The text with the globals of this moment put in; unset ones are empty. `local` goes first (EXTEN
        of a hint).
        """
        if "$" not in text:
            return text[:limit]
        return self._expand(text, local or {}, 0)[:limit]

    def _expand(self, text: str, local: dict[str, str], depth: int) -> str:
        if depth >= _DEPTH_LIMIT:
            return ""
        done: list[str] = []
        at = 0
        while (found := text.find("$", at)) >= 0:
            done.append(text[at:found])
            opening = text[found + 1 : found + 2]
            if opening not in _MEETS or not opening:
                done.append("$")
                at = found + 1
                continue
            body, at, nested = _body(text, found + 2, opening)
            whole = text[found:at]
            done.append(self._value(body, whole, opening, nested, local, depth))
        done.append(text[at:])
        return "".join(done)

    def _value(self, body: str, whole: str, opening: str, nested: bool, local: dict[str, str], depth: int) -> str:
        if nested:
            body = self._expand(body, local, depth + 1)
        if opening == "[":
            return self._expression(body, whole)
        name, _, span = _split(body)
        if "(" in name or (_RUNTIME.fullmatch(name) and name not in local):
            self.unknown[whole] = None
            return whole
        value = local.get(name, self.values.get(name, ""))
        if looks_secret(name, value) and name not in local:
            self.secrets.add(value)
        return _substring(value, span)

    def _expression(self, body: str, whole: str) -> str:
        from dialplan.expression import evaluate

        value = evaluate(f"$[{body.encode('latin-1').decode('utf-8', 'surrogateescape')}]", {})
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape").decode("latin-1")
        self.unknown[whole] = None
        return whole


def _body(text: str, start: int, opening: str) -> tuple[str, int, bool]:
    """What is inside the braces, where it ends, and whether it has references of its own."""
    deeper, opener, closer = _MEETS[opening]
    other = "$[" if opening == "{" else "${"
    depth, at, nested = 1, start, False
    while depth and at < len(text):
        if text.startswith(deeper, at):
            nested, depth, at = True, depth + 1, at + 1
        elif text[at] == opener:
            depth += 1
        elif text[at] == closer:
            depth -= 1
        elif text.startswith(other, at):
            nested, at = True, at + 1
        at += 1
    return text[start : at - (not depth)], at, nested


def _split(body: str) -> tuple[str, str, str]:
    """`NAME:offset:length`; a colon inside parentheses belongs to the name."""
    depth = 0
    for at, char in enumerate(body):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == ":" and not depth:
            return body[:at], ":", body[at + 1 :]
    return body, "", ""


def _substring(value: str, span: str) -> str:
    found = _RANGE.match(span)
    if not found:
        return value
    size = len(value)
    offset = int(found[1])
    start = max(size + offset, 0) if offset < 0 else offset
    if found[2] is None:
        return value[start:]
    length = int(found[2])
    end = start + length if length >= 0 else size + length
    return value[start : max(end, start)]
