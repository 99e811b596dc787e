"""PURE: the RTP stream of one call: silence, and keys as RFC 4733 telephone events, one packet every 20 ms.

SIPp's recorded keys are of no use for more than one key a call: each recording has fixed sequence numbers and
timestamps, and Asterisk takes a second one for an old packet.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

EVENTS = {**{str(digit): digit for digit in range(10)}, "*": 10, "#": 11}
KEYS = {event: key for key, event in EVENTS.items()}
PAYLOAD_ULAW, PAYLOAD_EVENT = 0, 101
SAMPLES = 160  # of a packet of 20 ms at 8 kHz
SILENCE = b"\xff" * SAMPLES
KEY_PACKETS, END_PACKETS, PAUSE_PACKETS = 6, 3, 5
VOLUME, END_BIT = 10, 0x80


@dataclass
class Press:
    """A key on its way: `at` is when its first packet went (epoch seconds), None before."""

    key: str
    at: float | None = None


def event_payloads(event: int) -> list[bytes]:
    """RFC 4733 payloads of one key of 120 ms: 6 with growing duration, the end 3 times; then 5 empty ones, a pause."""
    ends = [False] * KEY_PACKETS + [True] * END_PACKETS
    payloads = [
        struct.pack("!BBH", event, VOLUME | (END_BIT if end else 0), SAMPLES * min(index + 1, KEY_PACKETS))
        for index, end in enumerate(ends)
    ]
    return payloads + [b""] * PAUSE_PACKETS


class RtpStream:
    """What one phone sends and hears in one call.

    far_port   where it sends to;  heard_packets   audio packets that came;  heard_keys   keys whose end came, in order
    """

    def __init__(self, source: int, far_port: int) -> None:
        self.far_port = far_port
        self.heard_packets = 0
        self.heard_keys: list[str] = []
        self._source, self._sequence, self._timestamp = source, 1, SAMPLES
        self._due: deque[tuple[Press | None, bytes]] = deque()
        self._event_timestamp = 0
        self._heard_event = -1

    def press(self, key: str) -> Press:
        """Line up a key of 120 ms, after those before it. KeyError for what is no key."""
        press = Press(key)
        payloads = event_payloads(EVENTS[key])
        # in one step: the sending thread must find the whole key or nothing of it
        self._due.extend([(press, payloads[0]), *((None, payload) for payload in payloads[1:])])
        return press

    def next_packet(self, now: float) -> bytes:
        """The packet to send now; to be called every 20 ms."""
        self._timestamp = (self._timestamp + SAMPLES) & 0xFFFFFFFF
        press, payload = self._due.popleft() if self._due else (None, b"")
        if press is not None:
            press.at, self._event_timestamp = now, self._timestamp
        if payload:
            return self._packet(PAYLOAD_EVENT | (0x80 if press else 0), self._event_timestamp, payload)
        return self._packet(PAYLOAD_ULAW, self._timestamp, SILENCE)

    @property
    def pressing(self) -> bool:
        """True while keys are on their way."""
        return bool(self._due)

    def _packet(self, kind: int, timestamp: int, payload: bytes) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return struct.pack("!BBHII", 0x80, kind, self._sequence, timestamp, self._source) + payload

    def hear(self, packet: bytes) -> None:
        """Take in a packet of the far end."""
        if len(packet) < 16:
            return
        kind, timestamp = packet[1] & 0x7F, struct.unpack("!I", packet[4:8])[0]
        if kind != PAYLOAD_EVENT:
            self.heard_packets += 1
        elif packet[13] & END_BIT and timestamp != self._heard_event:
            self._heard_event = timestamp
            self.heard_keys.append(KEYS.get(packet[12], "?"))
