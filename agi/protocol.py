"""PURE: AGI bytes to values and back, with limits. No sockets.

Source: res/res_agi.c. A line that Asterisk reads is at most 2047 bytes; over 127 words that begin with a quote abort
Asterisk 22.10.1, so words are capped well below; CR, LF and NUL would start another command and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import parse_qsl, urlsplit

MAX_ENVIRONMENT = 16_384  # bytes; Asterisk sends some 600, arguments included seldom 2,000
MAX_LINE = 2_000
MAX_WORDS = 64
MAX_REPLY = 16_384  # bytes, all lines of one answer
MAX_REPLY_LINES = 500  # usage texts have some 30

_VARIABLE = re.compile(r"^agi_([^:\n]*): ?(.*)$", re.MULTILINE)
_REPLY = re.compile(r"([0-9]{3})(?: result=([^ ]*)(?: \((.*)\))?)?(?![^ -])", re.DOTALL)


class ProtocolError(Exception):
    """The other side does not speak AGI, or what we were about to write is not fit for it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What Asterisk says at the start of a session: `agi_…` variables without the prefix, and the arguments."""

    variables: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A variable such as `uniqueid`; empty when Asterisk did not send it."""
        return self.variables.get(name, "")

    def argument(self, number: int) -> str:
        """Argument `number`, counted from 1; empty when there are fewer."""
        return self.arguments[number - 1] if 0 < number <= len(self.arguments) else ""


def parse_environment(raw: bytes) -> Environment:
    """The block up to the empty line -> Environment. Raises ProtocolError when it is not such a block."""
    text = raw.decode("utf-8", "replace").strip("\n")
    if not text:
        raise ProtocolError("the AGI environment is empty")
    pairs = _VARIABLE.findall(text)
    if text.count("\n") != len(pairs) - 1:
        raise ProtocolError(f"not an AGI environment: {_odd_line(text)[:60]!r}")
    variables: dict[str, str] = dict(pairs)
    if len(variables) != len(pairs):  # Asterisk says each once: a line break in a name or argument made up another
        raise ProtocolError("the AGI environment names a variable twice")
    path, query = _split_script(variables.get("network_script", ""))
    return Environment(variables, _arguments(variables), path, query)


def _odd_line(text: str) -> str:
    return next((line for line in text.split("\n") if not _VARIABLE.match(line)), "")


def _arguments(variables: Mapping[str, str]) -> tuple[str, ...]:
    found: list[str] = []
    while (value := variables.get(f"arg_{len(found) + 1}")) is not None:
        found.append(value)
    return tuple(found)


def _split_script(script: str) -> tuple[str, dict[str, str]]:
    if "?" not in script:
        return script.strip("/"), {}
    parts = urlsplit("//host/" + script.lstrip("/"))
    return parts.path.strip("/"), dict(parse_qsl(parts.query, keep_blank_values=True))


def quote(word: str) -> str:
    """One word as Asterisk's tokenizer reads it back. Raises ProtocolError for what cannot be said in AGI."""
    if any(char in word for char in "\r\n\0"):
        raise ProtocolError(f"a line break or NUL in an AGI word: {word[:60]!r}")
    if not word.isascii() and any("\ud800" <= char <= "\udfff" for char in word):
        raise ProtocolError(f"not text: {word[:60]!r}")
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(name: str, *words: str) -> bytes:
    """A command line, e.g. `command("SET VARIABLE", "X", "1")`. Raises ProtocolError."""
    if name.count(" ") + 1 + len(words) > MAX_WORDS:
        raise ProtocolError(f"{len(words)} words after {name} in an AGI command, at most {MAX_WORDS} in all")
    line = " ".join((name, *map(quote, words))).encode() + b"\n"
    if len(line) > MAX_LINE:
        raise ProtocolError(f"an AGI command of {len(line)} bytes, at most {MAX_LINE}: {name}")
    return line


class Status(Enum):
    """How a command ended."""

    DONE = auto()
    FAILED = auto()  # 200 with result=-1, or 511 on a dead channel
    UNKNOWN = auto()  # 510, or an application that does not exist (-2)
    MISUSED = auto()  # 520


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command. `value` is what stood in parentheses; `lines` the usage text of a 520."""

    status: Status
    code: int
    result: str = ""
    value: str = ""
    lines: tuple[str, ...] = ()


def parse_reply(line: str) -> Reply:
    """One complete reply line -> Reply. Raises ProtocolError."""
    found = _REPLY.match(line)
    if found is None:
        raise ProtocolError(f"not an AGI reply: {line[:60]!r}")
    code, result, value = int(found[1]), found[2] or "", found[3] or ""
    if code == 200 and found[2] is None:
        raise ProtocolError(f"an AGI reply without a result: {line[:60]!r}")
    return Reply(_status(code, result), code, result, value)


def _status(code: int, result: str) -> Status:
    if code == 200:
        return {"-1": Status.FAILED, "-2": Status.UNKNOWN}.get(result, Status.DONE)
    return {510: Status.UNKNOWN, 511: Status.FAILED, 520: Status.MISUSED}.get(code, Status.FAILED)


_DONE = b"200 result=1"  # the answer to nearly every command
SUCCESS = Reply(Status.DONE, 200, "1")


class ReplyReader:
    """Puts reply lines together: a value may hold line breaks, a 520 has several lines, HANGUP comes in between.

    `feed` takes the bytes of one line without its line break and returns a Reply when one is complete.
    """

    def __init__(self) -> None:
        self.hung_up = False
        self._lines: list[str] = []
        self._size = 0

    def feed(self, raw: bytes) -> Reply | None:
        """One more line. Raises ProtocolError when it cannot belong to a reply or grows too large."""
        if raw == _DONE and not self._lines:
            return SUCCESS
        self._size += len(raw) + 1
        if self._size > MAX_REPLY or len(self._lines) >= MAX_REPLY_LINES:
            raise ProtocolError(f"an AGI reply of more than {MAX_REPLY} bytes or {MAX_REPLY_LINES} lines")
        line = raw.decode("utf-8", "replace")
        if not self._lines and line == "HANGUP":
            self.hung_up = True
            return None
        self._lines.append(line)
        if not self._complete(line):
            return None
        lines, self._lines, self._size = self._lines, [], 0
        if lines[0].startswith("520-"):
            return Reply(Status.MISUSED, 520, lines=tuple(lines[1:-1]))
        return parse_reply("\n".join(lines))

    def _complete(self, line: str) -> bool:
        first = self._lines[0]
        if first.startswith("520-"):
            return line.startswith("520 ")
        if len(self._lines) == 1 and not (first.startswith("200 result=") and " (" in first):
            return True
        return line.endswith(")") or re.search(r"\) endpos=-?\d+$", line) is not None
