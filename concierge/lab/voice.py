"""The RTP port of a line: sends every call's stream in time, hands each what it hears."""

from __future__ import annotations

import itertools
import socket
import time

from concierge.lab.rtp import RtpStream

TICK_SECONDS = 0.02


class Voice:
    """One UDP socket for the streams of all calls of a line; they differ by the far port.

    voice   send silence while nothing is pressed, as phones do; otherwise only keys
    """

    def __init__(self, port: int, voice: bool) -> None:
        self.port = port
        self._voice = voice
        self._streams: list[RtpStream] = []
        self._sources = itertools.count(port << 8)
        self._due = time.monotonic()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", port))

    def open(self, far_port: int) -> RtpStream:
        """A new stream to the far end's RTP port."""
        stream = RtpStream(next(self._sources), far_port)
        self._streams.append(stream)
        return stream

    def end(self, stream: RtpStream) -> None:
        """Send and hear no more for this stream."""
        self._streams.remove(stream)

    def work(self) -> None:
        """Hear what came; send what is due. To be called at least every 20 ms."""
        self._hear()
        if time.monotonic() >= self._due:
            self._due = max(self._due + TICK_SECONDS, time.monotonic() - TICK_SECONDS)
            for stream in tuple(self._streams):
                if self._voice or stream.pressing:
                    self._send(stream)

    def _send(self, stream: RtpStream) -> None:
        packet = stream.next_packet(time.time())
        try:
            self._socket.sendto(packet, ("127.0.0.1", stream.far_port))
        except OSError:
            return  # lost, as on any network

    def _hear(self) -> None:
        while True:
            try:
                packet, source = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # an earlier packet found nobody: the far end hung up
            for stream in tuple(self._streams):
                if stream.far_port == source[1]:
                    stream.hear(packet)

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
