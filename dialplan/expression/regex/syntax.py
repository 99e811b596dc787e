"""Reading a pattern into a tree."""

from __future__ import annotations

import string
from typing import Literal

from dialplan.expression.value import UnknowableError
from dialplan.light import dataclass, pattern

MAX_REPEAT = 32767
MAX_NESTING = 40
_INTERVAL = pattern(r"([0-9]*)(?:(,)([0-9]*))?\}")
_ASSERTIONS = {"b": "word-edge", "B": "inside", "<": "word-start", ">": "word-end", "`": "start", "'": "end"}
_NAME_LENGTH = 32
_WORD = string.ascii_letters + string.digits + "_"
_SPACE = " \t\n\v\f\r"
_CLASSES = {
    "alpha": string.ascii_letters,
    "digit": string.digits,
    "alnum": string.ascii_letters + string.digits,
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "space": _SPACE,
    "blank": " \t",
    "punct": string.punctuation,
    "print": "".join(map(chr, range(32, 127))),
    "graph": "".join(map(chr, range(33, 127))),
    "cntrl": "".join(map(chr, [*range(32), 127])),
    "xdigit": string.hexdigits,
}


class PatternError(Exception):
    """regcomp refuses the pattern."""


@dataclass(frozen=True, slots=True)
class Set:
    """One character: any of `members`, or any but these when `negated`."""

    members: frozenset[str]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place without width: start, end, word-edge, inside, word-start, word-end."""

    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """A parenthesis, counted from 1."""

    number: int
    body: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """`body` from `least` to `most` times; None is without limit."""

    body: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Several:
    """Parts one after the other, or one of them."""

    kind: Literal["sequence", "choice"]
    parts: tuple[Node, ...]


Node = Set | Assertion | Group | Repeat | Several
EMPTY = Several("sequence", ())


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern, self.position, self.groups, self.depth = pattern, 0, 0, 0

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        char = self.peek()
        self.position += 1
        return char

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise UnknowableError("a regular expression nested too deeply")
        parts = [self.sequence()]
        while self.peek() == "|":
            self.take()
            parts.append(self.sequence())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Several("choice", tuple(parts))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while (char := self.peek()) and char != "|" and not (char == ")" and self.depth > 1):
            parts.append(self.repeated())
        return parts[0] if len(parts) == 1 else Several("sequence", tuple(parts))

    def repeated(self) -> Node:
        node, times = self.atom(), 0
        while not isinstance(node, Assertion) and (char := self.peek()) and char in "*+?{":
            self.take()
            times += 1
            if times > MAX_NESTING:
                raise UnknowableError("a regular expression nested too deeply")
            least, most = self.interval() if char == "{" else {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
            node = Repeat(node, least, most)
        return node

    def interval(self) -> tuple[int, int | None]:
        found = _INTERVAL.match(self.pattern, self.position)
        if not found or not (found[1] or found[3]):
            if found and found[2]:  # "{,}" means any number
                self.position = found.end()
                return 0, None
            raise PatternError("a malformed interval")
        self.position = found.end()
        least = int(found[1] or "0")
        most = least if not found[2] else (int(found[3]) if found[3] else None)
        if least > MAX_REPEAT or (most is not None and (most > MAX_REPEAT or most < least)):
            raise PatternError("an interval out of range")
        return least, most

    def atom(self) -> Node:
        char = self.take()
        if char in "*+?{":
            raise PatternError("nothing to repeat")
        if char == "(":
            return self.group()
        if char == "[":
            return self.bracket()
        if char == ".":
            return Set(frozenset("\0"), negated=True)
        if char in "^$":
            return Assertion("start" if char == "^" else "end")
        return self.escape() if char == "\\" else Set(frozenset(char))

    def group(self) -> Node:
        self.groups += 1
        number = self.groups
        body = self.choice()
        if self.take() != ")":
            raise PatternError("an open parenthesis")
        return Group(number, body)

    def escape(self) -> Node:
        char = self.take()
        if not char:
            raise PatternError("a backslash at the end")
        if char in "123456789":
            if int(char) > self.groups:
                raise PatternError("a back-reference to nothing")
            raise UnknowableError("a regular expression with a back-reference")
        if char in _ASSERTIONS:
            return Assertion(_ASSERTIONS[char])
        if char in "wWsS":
            return Set(frozenset(_WORD if char in "wW" else _SPACE), negated=char.isupper())
        return Set(frozenset(char))

    def bracket(self) -> Node:
        negated = self.peek() == "^"
        self.position += negated
        members: set[str] = set()
        first = True
        while first or self.peek() != "]":
            if not first and self.peek() == "-" and self.pattern[self.position + 1 : self.position + 2] != "]":
                raise PatternError("a hyphen in the middle")
            first = False
            low = self.element()
            if len(low) == 1 and self.peek() == "-" and self.pattern[self.position + 1 : self.position + 2] != "]":
                self.take()
                members.update(self.range_to(low))
            else:
                members.update(low)
        self.take()
        return Set(frozenset(members), negated)

    def range_to(self, low: str) -> list[str]:
        high = self.element()
        if not (low + high).isascii():
            raise UnknowableError("a range outside ASCII, which depends on Asterisk's locale")
        if len(high) != 1 or ord(high) < ord(low):
            raise PatternError("a range the wrong way round")
        return [chr(code) for code in range(ord(low), ord(high) + 1)]

    def element(self) -> str:
        """One member of a bracket expression, or all members of a class such as [:digit:]."""
        char = self.take()
        if not char:
            raise PatternError("an open bracket")
        kind = self.peek()
        if char != "[" or not kind or kind not in ":.=":
            return char
        end = self.pattern.find(kind + "]", self.position + 1)
        if not 0 <= end - self.position - 1 < _NAME_LENGTH:
            raise PatternError("an open bracket")
        name = self.pattern[self.position + 1 : end]
        self.position = end + 2
        return self.named(kind, name)

    def named(self, kind: str, name: str) -> str:
        if kind == ":":
            if name not in _CLASSES:
                raise PatternError("an unknown character class")
            return _CLASSES[name]
        if len(name) != 1:
            raise UnknowableError("a regular expression with a named collating element")
        return name


def parse(pattern: str) -> tuple[Node, int]:
    """The tree and the number of groups. Raises PatternError where regcomp would fail."""
    reader = _Reader(pattern)
    return reader.choice(), reader.groups
