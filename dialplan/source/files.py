"""Finding and reading files: the configuration root, globs as glob(3) with braces, bytes to lines as
fgets.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from dialplan.light import NamedTuple, pattern

LINE_LIMIT = 8191
_PATH_LIMIT = 255
_ETC = "/etc/asterisk"
_MAGIC = pattern(r"[*?\[]")
_ESCAPED = pattern(r"\\(.)", re.S)
_ALTERNATIVES_LIMIT = 4096


class Text(NamedTuple):
    """A file as Latin-1 lines; `too_long` are the numbers (from 0) of the lines that Asterisk skips."""

    lines: list[str]
    too_long: frozenset[int]


class Files:
    """Files below one root folder, each read once. The root stands for /etc/asterisk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.denied: list[str] = []
        self._texts: dict[str, Text | None] = {}
        self._found: dict[str, list[str]] = {}

    def give(self, path: str, data: bytes) -> None:
        """Use these bytes as the content of a file that needs not exist (standard input)."""
        self._texts[path] = decode(data)

    def find(self, name: str) -> list[str]:
        """The paths that an #include of this name means, existing or not (a plain name is returned as it
        is).
        """
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def read(self, path: str) -> Text | None:
        """The file's lines; None when it is missing, unreadable or no regular file.

        `denied` has those that may not be read by who runs this: Asterisk may well read them.
        """
        if path not in self._texts:
            try:
                self._texts[path] = _read(path)
            except PermissionError:
                self._texts[path] = None
                self.denied.append(path)
        return self._texts[path]

    def forget(self) -> None:
        """Give up the texts, once they are read."""
        self._texts.clear()

    def _find(self, name: str) -> list[str]:
        name = name.encode("latin-1").decode("utf-8", "surrogateescape")
        if name == _ETC or name.startswith(_ETC + "/"):
            name = name[len(_ETC) + 1 :].lstrip("/")
        name = name[: _PATH_LIMIT - len(_ETC)]
        root = "" if name.startswith("/") else f"{self.root}/"
        paths: list[str] = []
        for wanted in braces(name):
            paths += _matching(root, wanted) if _MAGIC.search(wanted) else [_plain(root + wanted)]
        return paths


def _matching(root: str, pattern: str) -> list[str]:
    import glob  # few plans include by a pattern

    pattern = _ESCAPED.sub(lambda escaped: glob.escape(escaped[1]), pattern.replace("[^", "[!"))
    return sorted(glob.glob(glob.escape(root) + pattern))  # noqa: PTH207 - Path.glob finds dot files


def _plain(path: str) -> str:
    """A backslash protects what follows it, if there is such a file."""
    unescaped = _ESCAPED.sub(r"\1", path)
    return unescaped if unescaped != path and _exists(unescaped) else path


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def braces(pattern: str) -> list[str]:
    """`a{b,c}` as `ab`, `ac` (GLOB_BRACE); unbalanced braces and `{}` stay."""
    done: list[str] = []
    todo = [pattern]
    while todo and len(done) + len(todo) < _ALTERNATIVES_LIMIT:
        text = todo.pop(0)
        parts = _first_brace(text)
        if parts is None:
            done.append(text)
        else:
            before, choices, after = parts
            todo[:0] = [before + choice + after for choice in choices]
    return done


def _first_brace(text: str) -> tuple[str, list[str], str] | None:
    start = text.find("{")
    while start >= 0 and text.startswith("{}", start):
        start = text.find("{", start + 2)
    if start < 0:
        return None
    depth, cuts = 0, [start]
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if (text[at] == "," and depth == 1) or depth == 0:
            cuts.append(at)
        if depth == 0:
            choices = [text[a + 1 : b] for a, b in pairwise(cuts)]
            return text[:start], choices, text[at + 1 :]
    return None


def _read(path: str) -> Text | None:
    try:
        file = Path(path)
        return decode(file.read_bytes()) if file.is_file() else None
    except PermissionError:
        raise
    except (OSError, ValueError):
        return None


def decode(data: bytes) -> Text:
    """Bytes to lines as fgets with a buffer of 8192 cuts them; the last one is what follows the last
    newline.
    """
    if b"\0" in data:
        return _with_nul(data)
    lines = data.decode("latin-1").split("\n")
    if max(map(len, lines)) < LINE_LIMIT:
        return Text(lines, frozenset())
    return Text(lines, frozenset(i for i, line in enumerate(lines) if len(line) >= LINE_LIMIT))


def _with_nul(data: bytes) -> Text:
    """The same where NUL bytes end a line early for strlen but not for fgets."""
    lines: list[str] = []
    too_long: list[int] = []
    rest = iter(_chunks(data))
    for chunk in rest:
        if _is_full(chunk):
            too_long.append(len(lines))
            for more in rest:
                if not _is_full(more):
                    break
        lines.append(chunk.split(b"\0")[0].rstrip(b"\n").decode("latin-1"))
    if not data or data.endswith(b"\n"):
        lines.append("")
    return Text(lines, frozenset(too_long))


def _chunks(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line[at : at + LINE_LIMIT] for line in lines for at in range(0, len(line), LINE_LIMIT)]


def _is_full(chunk: bytes) -> bool:
    return len(chunk) == LINE_LIMIT and b"\0" not in chunk and not chunk.endswith(b"\n")
