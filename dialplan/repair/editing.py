"""Changes of lines as bytes: every other byte stays, and new lines end as their neighbours do."""

from __future__ import annotations

from collections.abc import Iterable

from dialplan.finding import Change


def edit(data: bytes, changes: Iterable[Change]) -> bytes:
    """The file with the changes. Their texts are Latin-1, a character a byte. Raises ValueError where `old` is not."""
    lines = data.split(b"\n")
    ends = [b"\r" if line.endswith(b"\r") else b"" for line in lines]
    usual = b"\r" if sum(map(len, ends)) * 2 > max(len(lines) - 1, 1) else b""
    after: dict[int, list[bytes]] = {}
    for change in changes:
        at = change.line - 1
        if change.old is None:
            after.setdefault(at, []).extend(text.encode("latin-1") for text in change.new)
        elif lines[at] != change.old.encode("latin-1") + ends[at]:
            raise ValueError(f"{change.file}:{change.line} is not what was read")
        else:
            [new] = change.new
            lines[at] = new.encode("latin-1") + ends[at]
    return b"\n".join(_with_new(lines, ends, usual, after))


def _with_new(lines: list[bytes], ends: list[bytes], usual: bytes, after: dict[int, list[bytes]]) -> Iterable[bytes]:
    """The last piece has no end of its own: a file that ends without one goes on doing so."""
    last = len(lines) - 1
    for at, line in enumerate(lines):
        new = after.get(at, [])
        if at < last:
            yield line
            yield from (text + ends[at] for text in new)
        elif new:
            yield line + usual
            yield from (text + usual for text in new[:-1])
            yield new[-1]
        else:
            yield line
