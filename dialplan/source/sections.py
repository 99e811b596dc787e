"""Sections of a configuration file and their inheritance (struct ast_category, main/config.c).

Text is held as Latin-1, one character a byte, because Asterisk counts, cuts and sorts bytes.
"""

from __future__ import annotations

import re
from bisect import insort

from dialplan.light import NamedTuple, TypeAlias

_NAME_LIMIT = 79

Chunk: TypeAlias = "list[Line] | tuple[Chunk, ...]"


class Source(NamedTuple):
    """A file as read; `alias` is Asterisk's own name for the lines of a file that is included again, else
    ''.
    """

    path: str
    alias: str = ""


class Line(NamedTuple):
    """`name => value` at its place; `column` is where the value starts, from 1."""

    name: str
    value: str
    line: int
    column: int
    source: Source


class Section:
    """`[name]`: its own lines, after those it inherited. Inherited lines are shared, not copied, until
    read.
    """

    __slots__ = ("_appender", "_chunks", "inherited", "line", "lines", "name", "source", "template")

    def __init__(self, name: str, source: Source, line: int) -> None:
        self.name = name[:_NAME_LIMIT]
        self.source = source
        self.line = line
        self.template = False
        self.lines: list[Line] = []
        self.inherited = 0
        self._chunks: list[Chunk] = []
        self._appender: Appender | None = None

    def size(self) -> int:
        """How many lines `all_lines` would give."""
        return self.inherited + len(self.lines)

    def inherit(self, base: Section) -> None:
        """Take over the lines that `base` has at this moment."""
        size = base.size()
        node = base._freeze()
        self._settle()
        self._chunks.append(node)
        self.inherited += size

    def all_lines(self) -> list[Line]:
        """Every line in Asterisk's order: inherited before own."""
        self._finish_appends()
        if not self._chunks:
            return self.lines
        flat: list[Line] = []
        stack: list[Chunk] = [self.lines, *reversed(self._chunks)]
        while stack:
            chunk = stack.pop()
            if isinstance(chunk, tuple):
                stack.extend(reversed(chunk))
            else:
                flat += chunk
        return flat

    def append_to_last(self, name: str, text: str) -> bool:
        """`name += text`: extend the last line of this name; False when there is none."""
        if self._appender is None:
            self.lines, self._chunks, self.inherited = list(self.all_lines()), [], 0
            self._appender = Appender(self.lines)
        return self._appender.extend(name, text)

    def forget(self) -> None:
        """Give up the lines; what others inherited stays theirs."""
        self.lines, self._chunks, self.inherited = [], [], 0

    def _freeze(self) -> tuple[Chunk, ...]:
        self._settle()
        node = tuple(self._chunks)
        self._chunks = [node] if node else []
        return node

    def _settle(self) -> None:
        self._finish_appends()
        if self.lines:
            self._chunks.append(self.lines)
            self.inherited += len(self.lines)
            self.lines = []

    def _finish_appends(self) -> None:
        if self._appender is not None:
            self._appender.finish()
            self._appender = None


class Appender:
    """`+=` on a list of lines, without copying the growing value each time (ast_variable_update).

    Asterisk takes the value of the last line of that name, and writes the longer one to the first line whose
    name
    and value are the same but for case.
    """

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._seen = 0
        self._last: dict[str, int] = {}
        self._same: dict[str, list[int]] = {}
        self._lengths: dict[tuple[str, int], list[int]] = {}
        self._pieces: dict[int, list[str]] = {}
        self._size: dict[int, int] = {}

    def extend(self, name: str, text: str) -> bool:
        self._index()
        found = self._last.get(name)
        if found is None:
            return False
        size, folded = self._size[found], name.lower()
        target = self._target(found, folded, size)
        text = text if size else text.lstrip(_BLANKS)
        if target != found or found not in self._pieces:
            self._pieces[target] = [self._value(found)]
        self._pieces[target].append(text)
        self._lengths[folded, self._size[target]].remove(target)
        self._size[target] = size + len(text)
        insort(self._lengths.setdefault((folded, size + len(text)), []), target)
        self._rename(target, name, folded)
        return True

    def finish(self) -> None:
        for index in self._pieces:
            self._lines[index] = self._lines[index]._replace(value=self._value(index))
        self._pieces.clear()

    def _index(self) -> None:
        for index in range(self._seen, len(self._lines)):
            name, value = self._lines[index][:2]
            folded = name.lower()
            self._last[name] = index
            self._size[index] = len(value)
            self._same.setdefault(folded, []).append(index)
            self._lengths.setdefault((folded, len(value)), []).append(index)
        self._seen = len(self._lines)

    def _target(self, found: int, folded: str, size: int) -> int:
        """The line that is replaced; an empty value is the same as any."""
        if not size:
            return self._same[folded][0]
        alike = self._lengths[folded, size]
        if alike[0] == found:
            return found
        value = self._value(found).lower()
        return next(index for index in alike if index == found or self._value(index).lower() == value)

    def _rename(self, index: int, name: str, folded: str) -> None:
        old = self._lines[index].name
        if old == name:
            return
        self._lines[index] = self._lines[index]._replace(name=name)
        self._last[name] = max(index, self._last[name])
        if self._last[old] == index:
            del self._last[old]
            rest = [other for other in self._same[folded] if self._lines[other].name == old]
            self._last.update({old: rest[-1]} if rest else {})

    def _value(self, index: int) -> str:
        pieces = self._pieces.get(index)
        return self._lines[index].value if pieces is None else "".join(pieces)


_BLANKS = "".join(map(chr, range(1, 33)))


class Sections:
    """All sections in the order read, with Asterisk's lookups (category_get_sep)."""

    def __init__(self) -> None:
        self.all: list[Section] = []
        self.current: Section | None = None
        self._named: dict[str, list[Section]] = {}
        self._plain: dict[str, int] = {}
        self._known: set[int] = set()

    def __contains__(self, section: Section) -> bool:
        return id(section) in self._known

    def append(self, section: Section) -> None:
        self.all.append(section)
        self._known.add(id(section))
        self.current = section
        self._named.setdefault(section.name.lower(), []).append(section)

    def base(self, name: str) -> Section | None:
        """What `[x](name)` inherits from: the first of that name, template or not; the very first for ''."""
        return next(iter(self._of(name)), None)

    def earlier(self, name: str, condition: str) -> Section | None:
        """What `[name](+condition)` adds to: the first of that name that is no template."""
        if condition:
            return next((s for s in self.all if _fits(s, name, condition)), None)
        same = self._of(name)
        at = self._plain.get(name.lower(), 0)
        while at < len(same) and same[at].template:
            at += 1
        self._plain[name.lower()] = at
        return same[at] if at < len(same) else None

    def _of(self, name: str) -> list[Section]:
        return self._named.get(name.lower(), []) if name else self.all


def _fits(section: Section, name: str, condition: str) -> bool:
    """does_category_match: `a=1&b=2` are regular expressions on names and values, TEMPLATES= is special."""
    if name and section.name.lower() != name.lower():
        return False
    template_ok = not section.template
    for term in condition.split("&"):
        key, equals, value = term.strip(_BLANKS).partition("=")
        key, value = key.strip(_BLANKS), value.split("=")[0].strip(_BLANKS)
        if not equals:
            return False
        if key == "TEMPLATES":
            if value.lower() == "include" or (value.lower() == "restrict" and section.template):
                template_ok = True
            elif value.lower() != "include":
                return False
        elif not _any_line(section, key, value):
            return False
    return template_ok


def _any_line(section: Section, key: str, value: str) -> bool:
    try:
        name, text = re.compile(key), re.compile(value)
    except re.error:
        return False
    return any(name.search(line.name) and text.search(line.value) for line in section.all_lines())
