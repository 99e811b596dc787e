"""An AMI event as it was read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

_KIND = len("\r\nEvent: ")


@lru_cache(100)
def _heads(names: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(f"\r\n{name}:", len(name) + 3) for name in names]


class Frame(Mapping[str, str | list[str]]):
    """One event as it was read: header to value, or to the list of its values where it comes more than once.

    Of some thirty headers a listener wants six or so: each is looked up where it stands, when it is asked for.
    """

    __slots__ = ("_text",)

    def __init__(self, frame: bytes) -> None:
        self._text = f"\r\n{frame.decode('utf-8', 'replace')}\r\n"

    @property
    def kind(self) -> str:
        """The value of Event; empty where that is not the first header."""
        text = self._text
        return text[_KIND : text.find("\r", _KIND)] if text.startswith("\r\nEvent: ") else ""

    def __getitem__(self, name: str) -> str | list[str]:
        values = self.values_of(name)
        if not values:
            raise KeyError(name)
        return values if len(values) > 1 else values[0]

    def first(self, name: str) -> str:
        """The header's first value; empty without one."""
        return self.firsts((name,))[0]

    def firsts(self, names: tuple[str, ...]) -> list[str]:
        """The first value of each header, empty without one. Quickest in the order in which Asterisk writes them."""
        text, found, at = self._text, [], 0
        for head, size in _heads(names):
            start = text.find(head, at)
            if start < 0:
                start = text.find(head)
            if start < 0:
                found.append("")
            else:
                at = text.find("\r\n", start + size)
                found.append(text[start + size : at].strip())
        return found

    def values_of(self, name: str) -> list[str]:
        """All of them, in order."""
        text, head = self._text, f"\r\n{name}:"
        start = text.find(head)
        if start < 0:
            return []
        end = text.find("\r\n", text.rfind(head) + 2)
        values = text[start + len(head) : end].split(head)
        if text.count("\r\n", start + 2, end) >= len(values):  # others stand between them
            values = [value.partition("\r\n")[0] for value in values]
        return [value.strip() for value in values]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(line.partition(":")[0] for line in self._text[2:-2].split("\r\n")))

    def __len__(self) -> int:
        return sum(1 for _ in self)
