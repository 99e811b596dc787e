"""Random application data for the differential fuzzing of dialplan.expression, from expression_grammar.txt.

Some of the texts are damaged afterwards, some are mere characters.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

_PAIRS = """
A=hello|B=12|C=a-b-c--d|D=1,2,3,4|E=|F=foo bar|N=5|NEG=-3|Q="quoted"|PH=+48501502503|IP=10.1.2.30|NAME=B
UTF=zażółć|FL=2.50|DOT=1.2.3|KEYS=x:3,y:1,z:2|SP=a b  c|P=a(b|ZERO=0|EXPR=1+1|REF=${A}
"""
VARIABLES = dict(pair.split("=", 1) for pair in _PAIRS.strip().replace("\n", "|").split("|"))
_BLANKS = str.maketrans({"␠": " ", "␉": "\t", "∅": ""})


def _alternatives(word: str) -> list[str]:
    count, times, rest = word.partition("×")
    return [rest.translate(_BLANKS)] * int(count) if times else [word.translate(_BLANKS)]


def _rules() -> dict[str, list[str]]:
    rules: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("expression_grammar.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, _, words = line.partition(" = ")
            rules.setdefault(name, []).extend(text for word in words.split(" ") for text in _alternatives(word))
    return rules


_RULES = _rules()
_MARK = re.compile("«([a-z]+)»")
_DAMAGE = "${}[]():,\"\\'?!=~|&+-*/% .;0a\tż<>@#^"
_RAW = [*_DAMAGE, *"$${{[[}}]]ABNEx19", "${", "$[", "${A}", "${B", "LEN(", "IF(", "::", "=~", "é"]


class Generator:
    """An endless, seeded supply of texts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        """One text."""
        pick = self.random.random()
        if pick < 0.05:
            text = "".join(self.random.choices(_RAW, k=self.random.randint(1, 25)))
        elif pick < 0.09:
            text = self.nested()
        elif pick < 0.1:
            text = self.long()
        else:
            text = self.rule("text", 6)
        return self.damaged(text) if self.random.random() < 0.25 else text

    def rule(self, name: str, depth: int) -> str:
        """One of the rule's alternatives, filled; at the end of `depth` one that needs no further rule."""
        choices = _RULES[name]
        if depth <= 0:
            choices = [choice for choice in choices if "«" not in choice] or ["1"]
        return _MARK.sub(lambda mark: self.rule(mark[1], depth - 1), self.random.choice(choices))

    def nested(self) -> str:
        """References within references, around the allowed depth."""
        text = self.random.choice(["NAME", "A", "1", "${NAME}", "(2)"])
        for _ in range(self.random.randint(1, 18)):
            text = self.random.choice(_RULES["nested"]) % text
        return text

    def long(self) -> str:
        """Around the sizes of Asterisk's buffers."""
        times = self.random.choice([300, 800, 1000, 1365, 1366, 1400])
        text = self.random.choice(["abc", "${A}", "1", "a,"]) * times
        return self.random.choice(_RULES["long"]) % text[:6900]

    def damaged(self, text: str) -> str:
        """With one to three characters lost or added."""
        chars = list(text)
        for _ in range(self.random.randint(1, 3)):
            place = self.random.randint(0, len(chars))
            if self.random.random() < 0.5 and place < len(chars):
                del chars[place]
            else:
                chars.insert(place, self.random.choice(_DAMAGE))
        return "".join(chars)
