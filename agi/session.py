"""pyst2's AGI class, repaired: the command layer of the plain AGI script.

pyst2 0.5.1 escapes nothing, installs a signal handler, writes caller numbers to stderr, loops for ever on a cut 520
and takes a value `hangup` for a hang-up. All of its commands (`set_variable`, `stream_file`, `wait_for_digit` …) work
unchanged on top of the four methods replaced here.
"""

from __future__ import annotations

from typing import IO

from asterisk.agi import AGI, AGIAppError, AGIInvalidCommand, AGISIGPIPEHangup, AGIUsageError

from agi.protocol import (
    MAX_ENVIRONMENT,
    MAX_LINE,
    MAX_REPLY,
    MAX_WORDS,
    Environment,
    ProtocolError,
    Reply,
    ReplyReader,
    Status,
    parse_environment,
    quote,
)


class Word(str):
    """A text that is quoted already."""

    __slots__ = ()


class Nowhere:
    """Where pyst2's own debug output goes."""

    def write(self, _text: str) -> None:
        """Drop it."""


class Session(AGI):  # type: ignore[misc]  # pyst2 has no types
    """An AGI session over two binary streams. Commands raise pyst2's AGIError family, or ProtocolError."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        """Reads the environment. Raises ProtocolError."""
        self.stdin, self.stdout, self.stderr = stdin, stdout, Nowhere()
        self._got_sighup = False
        self._replies = ReplyReader()
        self.environment: Environment = self._read_environment()
        self.env = {f"agi_{name}": value for name, value in self.environment.variables.items()}

    @property
    def hung_up(self) -> bool:
        """Has Asterisk said that the channel is gone? Variables can still be read and set."""
        return self._replies.hung_up

    def _read_environment(self) -> Environment:
        raw = b""
        while (line := self.stdin.readline(MAX_ENVIRONMENT + 1)) not in (b"\n", b"\r\n", b""):
            raw += line
            if len(raw) > MAX_ENVIRONMENT:
                raise ProtocolError(f"an AGI header of more than {MAX_ENVIRONMENT} bytes")
        if line == b"":
            raise ProtocolError("standard input ended before the AGI header did")
        return parse_environment(raw)

    def _quote(self, string: object) -> Word:
        return Word(quote(str(string)))

    def send_command(self, command: str, *args: object) -> None:
        """Write one command line: each argument one word, an empty one (pyst2's way to say "none") left out.

        Raises ProtocolError for what AGI cannot say.
        """
        name = command.strip()
        words = [word if isinstance(word, Word) else self._quote(word) for word in args if word != ""]
        line = " ".join((name, *words)).encode("utf-8", "replace")
        if any(char in name for char in '\r\n\0"\\') or len(name.split()) + len(words) > MAX_WORDS:
            raise ProtocolError(f"this cannot be said in AGI: {name[:60]!r} with {len(words)} words")
        if len(line) >= MAX_LINE:
            raise ProtocolError(f"an AGI command of {len(line)} bytes, at most {MAX_LINE}: {name[:60]}")
        self.stdout.write(line + b"\n")
        self.stdout.flush()

    def get_result(self, _stdin: object = None) -> dict[str, tuple[str, str]]:
        """The reply in pyst2's form, `{"result": (result, value)}`. Raises pyst2's errors, as documented there."""
        reply = self._next_reply()
        if reply.status is Status.MISUSED:
            raise AGIUsageError("\n".join(reply.lines))
        if reply.code == 510:
            raise AGIInvalidCommand("Invalid or unknown command")
        if reply.code != 200 or reply.result == "-1":
            raise AGIAppError(f"the command failed or the channel is gone ({reply.code} {reply.result})")
        return {"result": (reply.result, reply.value)}

    def database_get(self, family: str, key: str) -> str:
        """A value of AstDB, `""` when there is none (pyst2 quotes twice and hides a value `hangup`)."""
        result, value = self.execute("DATABASE GET", self._quote(family), self._quote(key))["result"]
        return str(value) if result == "1" else ""

    def _next_reply(self) -> Reply:
        while True:
            line = self.stdin.readline(MAX_REPLY)
            if not line.endswith(b"\n"):
                raise AGISIGPIPEHangup("the AGI connection ended")
            reply = self._replies.feed(line.rstrip(b"\r\n"))
            if reply is not None:
                return reply
