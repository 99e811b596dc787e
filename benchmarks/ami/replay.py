"""A real campaign call as the manager interface tells it with read=all, replayed as thousands of calls.

The recording is made once on a private Asterisk; each replayed call has its own unique ids and number, and presses the
digit that it is given. The server answers what the listener asks.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

END = b"\r\n\r\n"
NUMBER = 48601000500


def record(version: str = "22") -> bytes:
    """One campaign call with one key, every event of it."""
    from concierge.lab.config import AMI_SECRET, AMI_USER
    from concierge.lab.site import CAMPAIGN, Site
    from concierge.lab.wait import wait_until

    with Site(version) as site, site.pbx.phone("callee") as callee:  # noqa: SIM117 - the link is part of the call
        with socket.create_connection(("127.0.0.1", site.pbx.ports.ami)) as link:
            link.sendall(f"Action: Login\r\nUsername: {AMI_USER}\r\nSecret: {AMI_SECRET}\r\n\r\n".encode())
            site.ami.originate(f"Local/{NUMBER}@outbound/n", context="campaign", exten="s", variables=CAMPAIGN)
            call = callee.wait_for_call(str(NUMBER))
            call.wait_answered()
            call.press("9")
            wait_until(lambda: "opt-out " in site.log(), 5, "the record")
            call.hang_up()
            wait_until(lambda: not site.pbx.channels(), 5, "the end")
            link.settimeout(0.5)
            data = b""
            try:
                while more := link.recv(65536):
                    data += more
            except TimeoutError:
                pass
    frames = [frame for frame in data.split(END) if frame.startswith(b"Event: ")]
    return END.join(frame for frame in frames if b"CONCIERGE_CAMPAIGN=spring" in frame or b"Bridge" in frame) + END


@dataclass(frozen=True)
class Template:
    """A recorded call, cut where something differs from call to call."""

    parts: tuple[bytes, ...]
    what: tuple[bytes, ...]
    events: int

    def call(self, index: int, digit: bytes) -> bytes:
        """The whole call number `index`, stamped now."""
        values = {b"@U": b"%d." % (1_000_000_000 + index), b"@N": b"%d" % (48_700_000_000 + index), b"@D": digit}
        values[b"@T"] = b"%.6f" % time.time()
        return b"".join(
            piece + values.get(what, b"") for piece, what in zip(self.parts, (*self.what, b""), strict=True)
        )


def template(recording: bytes) -> Template:
    """Unique ids, the number, the time and the digit become places to fill."""
    base = re.findall(rb"Uniqueid: (\d+)\.", recording)[0]
    text = re.sub(rb"Timestamp: [0-9.]+", b"Timestamp: @T", recording)
    text = text.replace(base + b".", b"@U").replace(str(NUMBER).encode(), b"@N").replace(b"Digit: 9", b"Digit: @D")
    pieces = re.split(rb"(@[UNTD])", text)
    return Template(tuple(pieces[::2]), tuple(pieces[1::2]), recording.count(END))


ANSWERS: dict[str, bytes] = {
    "DBGetTree": b"EventList: start",
    "CoreShowChannels": b"EventList: start",
    "BridgeList": b"EventList: start",
    "ShowDialPlan": b"EventList: start",
    "Getvar": b"Variable: CONCIERGE_FEATURES\r\nValue: concierge-9",
}


class Server:
    """Answers like a manager interface; `send` writes to whoever is logged in and waits when they are slow."""

    def __init__(self) -> None:
        self.port = 0
        self.slow = 0.0
        self._writer: asyncio.StreamWriter | None = None
        self.ready = asyncio.Event()

    async def start(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        while True:
            try:
                action = (await reader.readuntil(END)).decode()
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                return
            fields = dict(line.split(": ", 1) for line in action.strip().split("\r\n") if ": " in line)
            name, number = fields["Action"], fields["ActionID"].encode()
            writer.write(
                b"Response: Success\r\nActionID: " + number + b"\r\n" + ANSWERS.get(name, b"Message: ok") + END
            )
            if ANSWERS.get(name, b"").startswith(b"EventList"):
                writer.write(b"Event: ListComplete\r\nActionID: " + number + b"\r\nEventList: Complete" + END)
            if name == "Login":
                self._writer = writer
                self.ready.set()

    async def send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)
            before = time.monotonic()
            await self._writer.drain()
            self.slow = max(self.slow, time.monotonic() - before)


async def storm(
    server: Server, shape: Template, rate: float, seconds: float, keys: float, note: Callable[[int], None]
) -> int:
    """`rate` events a second; `keys` calls a second press 9, the others 5. Returns how many events went."""
    calls_per_second = rate / shape.events
    begun, sent, pressed = time.monotonic(), 0, 0
    while (now := time.monotonic() - begun) < seconds:
        due = int(now * calls_per_second)
        batch = []
        for index in range(sent, due):
            nine = pressed < now * keys
            if nine:
                pressed += 1
                note(index)
            batch.append(shape.call(index, b"9" if nine else b"5"))
        sent = due
        if batch:
            await server.send(b"".join(batch))
        await asyncio.sleep(0.005)
    return sent * shape.events


def recording(path: Path | None) -> bytes:
    """From a file, or made now (and kept there)."""
    if path is not None and path.exists():
        return path.read_bytes()
    made = record()
    if path is not None:
        path.write_bytes(made)
    return made
