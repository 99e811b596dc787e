"""Loopback ports for one private PBX and its phones: a block of 1000 that nobody else on this machine uses.

A block is held by an abstract Unix socket of its name, which the kernel frees when the holder ends however it
ends, and which has the same scope as the ports (the network namespace). Blocks lie below the range from which
the kernel hands out ports (32768…).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import TracebackType

from concierge.lab.errors import LabError

FIRST, LAST, SIZE = 12000, 32000, 1000
PHONES = ("callee", "agent", "operator", "caller")
UDP = (socket.SOCK_DGRAM,)
RTP_OFFSET, MEDIA_OFFSET = 100, 600


class Ports:
    """One block: `sip` (UDP), `ami` (TCP), `rtp` (first, last) and the phones' SIP ports by name.

    `spare()` gives further ports of the block, free when asked: a daemon of the test, a phone's outgoing call.
    """

    def __init__(self) -> None:
        self._hold, self.base = _hold_block()
        self.sip, self.ami = self.base, self.base + 1
        self.phones = {name: self.base + 2 + index for index, name in enumerate(PHONES)}
        self.rtp = (self.base + RTP_OFFSET, self.base + MEDIA_OFFSET - 1)
        self._next = self._media = 0

    def spare(self) -> int:
        """A port of the block, free for UDP and TCP now; round robin over 85. Raises LabError when all are taken."""
        first = self.base + 10
        for _ in range(RTP_OFFSET - 15):
            port = first + self._next
            self._next = (self._next + 1) % (RTP_OFFSET - 15)
            if is_free(port):
                return port
        raise LabError(f"all spare ports {first}-{first + RTP_OFFSET - 16} are in use; stop what the lab started")

    def media(self) -> int:
        """An RTP port for a phone, free with the port two above it (SIPp takes both); round robin over 100."""
        first = self.base + MEDIA_OFFSET
        for _ in range(first, self.base + SIZE, 4):
            port = first + self._media
            self._media = (self._media + 4) % (SIZE - MEDIA_OFFSET)
            if is_free(port, UDP) and is_free(port + 2, UDP):
                return port
        raise LabError(f"all media ports {first}-{self.base + SIZE - 1} are in use; stop some phones")

    def close(self) -> None:
        """Give the block back."""
        self._hold.close()

    def __enter__(self) -> Ports:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_free(port: int, kinds: tuple[socket.SocketKind, ...] = (socket.SOCK_DGRAM, socket.SOCK_STREAM)) -> bool:
    """True when the loopback port can be bound now, for UDP and TCP."""
    for kind in kinds:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def is_bound(port: int) -> bool:
    """True when somebody has the UDP port. The kernel is asked: to try it would take the port from who starts."""
    wanted = f":{port:04X}"
    tables = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
    lines = (line for table in tables if table.exists() for line in table.read_text().splitlines()[1:])
    return any(line.split()[1].endswith(wanted) for line in lines)


def _hold_block() -> tuple[socket.socket, int]:
    blocks = range(FIRST, LAST, SIZE)
    start = os.getpid() % len(blocks)
    for base in (*blocks[start:], *blocks[:start]):
        hold = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            hold.bind(f"\0concierge-lab-{base}")
        except OSError:
            hold.close()
            continue
        if all(is_free(base + offset) for offset in range(2 + len(PHONES))):
            return hold, base
        hold.close()
    raise LabError(f"no free block of {SIZE} ports between {FIRST} and {LAST}; stop what runs there")
