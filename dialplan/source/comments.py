"""Comments: `;` to the end of the line, `;-- … --;` blocks that nest, `\\;` (config_text_file_load,
main/config.c).
"""

from __future__ import annotations

NEST_LIMIT = 128


class TooDeepError(Exception):
    """More than 128 nested block comments: Asterisk never comes back from that line."""


class Comments:
    """How deep in block comments we are; lives across the lines, and across the files of one #include.

    `depth` is negative after a `--;` that closes nothing: Asterisk then ignores the lines that follow.
    """

    __slots__ = ("depth", "opened")

    def __init__(self) -> None:
        self.depth = 0
        self.opened: list[int] = []

    def strip(self, text: str, line: int) -> str:
        """The live part of one line, '' when there is none."""
        if "\0" in text:
            text = text[: text.index("\0")]
        start = 0 if not self.depth else -1
        at = 0
        while (found := text.find(";", at)) >= 0:
            if found > at and text[found - 1] == "\\":
                text = text[: found - 1] + text[found:]
                at = found
            elif text.startswith("--", found + 1) and text[found + 3 : found + 4] != "-":
                self._open(line)
                text = text[:found] + "\0" + text[found + 1 :]
                at = found + 3
            elif found >= at + 2 and text[found - 2 : found] == "--":
                self._close()
                at = found + 1
                if not self.depth and start >= 0:
                    end = _end(text, start)
                    text, at = text[:end] + text[at:], end
                elif not self.depth:
                    start = at
            elif not self.depth:
                text = text[:found]
                break
            else:
                at = found + 1
        return text[start : _end(text, start)] if start >= 0 else ""

    def unfinished(self) -> int | None:
        """The line on which a block comment began that is still open; 0 for a stray `--;`; None when all are
        closed.
        """
        if not self.depth:
            return None
        return self.opened[-1] if self.depth > 0 and self.opened else 0

    def _open(self, line: int) -> None:
        if self.depth >= NEST_LIMIT:
            raise TooDeepError
        self.depth += 1
        if self.depth > 0:
            self.opened.append(line)

    def _close(self) -> None:
        if self.depth > 0:
            self.opened.pop()
        self.depth -= 1


def _end(text: str, start: int) -> int:
    end = text.find("\0", start)
    return len(text) if end < 0 else end
