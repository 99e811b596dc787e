"""Evaluating a `$[…]` expression as bison's parser in ast_expr2.y does, errors included.

The parser reduces whatever it can before it looks at a word that does not fit, and keeps the result of the
whole expression it has seen so far: `1 2` is 1, `) 1` is nothing, `1 +` and `( 1 2` are "0".
"""

from __future__ import annotations

from collections.abc import Callable

from dialplan.expression.lexer import Token, tokens
from dialplan.expression.operators import (
    BINARY,
    CHOICE_LEVEL,
    UNARY_LEVEL,
    Operand,
    choose,
    complement,
    negative,
    string,
)
from dialplan.light import dataclass, field

Call = Callable[[str, list[Operand]], Operand]


class _SyntaxError(Exception):
    """A word that does not fit."""


@dataclass(slots=True)
class _Open:
    """Something on the stack that waits: an operator, `(`, a call, a `?` or its `::`."""

    kind: str
    level: int = 0
    function: str = ""
    arguments: list[Operand] = field(default_factory=list)


_PREFIX = {"-": negative, "!": complement}


class _Machine:
    def __init__(self, words: list[Token], call: Call) -> None:
        self.words, self.call, self.position = words, call, 0
        self.operands: list[Operand] = []
        self.waiting: list[_Open] = []
        self.wants_operand = True

    def run(self) -> tuple[str, bool]:
        """The value of the longest expression that the parser accepts; whether something did not fit."""
        failed = False
        try:
            while self.position < len(self.words):
                word = self.words[self.position]
                self.position += 1
                (self._operand if self.wants_operand else self._operator)(word)
        except _SyntaxError:
            failed = True
        if self.wants_operand:
            pending = bool(self.waiting or self.operands)
            return "0" if pending else "", failed or pending
        self._reduce(0)
        return ("0", True) if self.waiting else (string(self.operands[-1]), failed)

    def _operand(self, word: Token) -> None:
        if word.kind == "word":
            self._word(word)
        elif word.kind == "(":
            self.waiting.append(_Open("("))
        elif word.kind in _PREFIX:
            self.waiting.append(_Open("unary" + word.kind, UNARY_LEVEL))
        elif word.kind in ",)" and self._after_comma():
            self.operands.append("")
            self.wants_operand = False
            self._operator(word)
        else:
            raise _SyntaxError

    def _after_comma(self) -> bool:
        """An argument may be missing, but not the first one."""
        return bool(self.waiting) and self.waiting[-1].kind == "call" and bool(self.waiting[-1].arguments)

    def _word(self, word: Token) -> None:
        following = self.words[self.position].kind if self.position < len(self.words) else ""
        if following == "(":
            self.position += 1
            self.waiting.append(_Open("call", function=word.text))
        else:
            self.operands.append(word.text)
            self.wants_operand = False

    def _operator(self, word: Token) -> None:
        if word.kind in BINARY:
            level = BINARY[word.kind][0]
            self._reduce(level)
            self._push(_Open(word.kind, level))
        elif word.kind == "?":
            self._reduce(CHOICE_LEVEL)
            self._push(_Open("?"))
        elif word.kind == "::":
            self._close("?")
            self._push(_Open("::", CHOICE_LEVEL))
        elif word.kind == ",":
            self._close("call")
            self.waiting[-1].arguments.append(self.operands.pop())
            self.wants_operand = True
        elif word.kind == ")":
            self._close_parenthesis()
        else:
            raise _SyntaxError

    def _push(self, entry: _Open) -> None:
        self.waiting.append(entry)
        self.wants_operand = True

    def _close(self, kind: str) -> None:
        self._reduce(0)
        if not self.waiting or self.waiting[-1].kind != kind:
            raise _SyntaxError
        if kind == "?":
            self.waiting.pop()

    def _close_parenthesis(self) -> None:
        self._reduce(0)
        if not self.waiting or self.waiting[-1].kind == "?":
            raise _SyntaxError
        entry = self.waiting.pop()
        if entry.kind == "call":
            arguments = [*entry.arguments, self.operands.pop()]
            self.operands.append(self.call(entry.function, arguments))

    def _reduce(self, level: int) -> None:
        """Evaluate what binds at least as tightly as `level`; brackets, calls and `?` (level 0) stay."""
        while self.waiting and self.waiting[-1].level >= max(level, 1):
            self._apply(self.waiting.pop())

    def _apply(self, entry: _Open) -> None:
        last = self.operands.pop()
        if entry.kind == "::":
            middle = self.operands.pop()
            self.operands.append(choose(self.operands.pop(), middle, last))
        elif entry.level == UNARY_LEVEL:
            self.operands.append(_PREFIX[entry.kind[-1]](last))
        else:
            self.operands.append(BINARY[entry.kind][1](self.operands.pop(), last))


def compute(text: str, call: Call) -> tuple[str, bool]:
    """The value of the expression `text`, and whether it has a syntax error. `call` evaluates `NAME(…)`.

    Raises UnknowableError where Asterisk's answer depends on something not modelled.
    """
    return _Machine(tokens(text), call).run()
