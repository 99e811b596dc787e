"""The words of a `$[…]` expression (ast_expr2.fl)."""

from __future__ import annotations

import re

from dialplan.light import NamedTuple, pattern


class NumericString(str):
    """Text that Asterisk reads as a number where one is wanted, and prints as it stands otherwise."""

    __slots__ = ()


class Token(NamedTuple):
    """`kind` is the operator itself, or "word" for an operand."""

    kind: str
    text: str


_WORD_CHARS = r"(?:[a-zA-Z0-9.';\\_^#@\x80-\xff]|\$[^{])+"
_LEXEMES = pattern(
    rf"(?P<opens>(?:{_WORD_CHARS})?\$\{{)"
    rf'|(?P<word>{_WORD_CHARS})|(?P<quoted>"[^"]*")'
    r"|(?P<operator>\|\|?|&&?|==|=~|=|~~|>=|<=|!=|::|[><+,\-*/%?!:()])",
    re.DOTALL,
)
_NUMERIC = pattern(r"[0-9]+(?:\.[0-9]+)?")
_BRACE = pattern(r"[{}]")
_TRAIL = pattern(r"([^-\t\r \n$():?%/+=*<>!|&]*)(\$\{)?")
_SAME = {"||": "|", "&&": "&", "==": "="}


def _reference(text: str, start: int, position: int) -> tuple[str, int] | None:
    """The word from `start` whose `${` was opened before `position`, and where reading goes on; None when it
    is never closed.

    Where a separator follows the brace, flex hands out the word together with the whole rest of the text.
    """
    while True:
        depth = 0
        while depth >= 0:
            brace = _BRACE.search(text, position)
            if brace is None:
                return None
            depth += 1 if brace[0] == "{" else -1
            position = brace.end()
        trail = _TRAIL.match(text, position)
        if trail is None or trail[2] is None:
            end = trail.end() if trail else position
            return text[start:] if end == position else text[start:end], end
        position = trail.end()


def tokens(text: str) -> list[Token]:
    """All words in order. Characters that begin none (a lone quote or tilde, brackets) are dropped."""
    found: list[Token] = []
    position = 0
    while lexeme := _LEXEMES.search(text, position):
        kind, word, position = lexeme.lastgroup, lexeme[0], lexeme.end()
        if kind == "operator":
            found.append(Token(_SAME.get(word, word), word))
            continue
        if kind == "opens":
            reference = _reference(text, lexeme.start(), position)
            if reference is None:
                break
            word, position = reference
        elif kind == "word" and _NUMERIC.fullmatch(word):
            word = NumericString(word)
        found.append(Token("word", word))
    return found
