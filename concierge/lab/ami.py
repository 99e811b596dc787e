"""A small synchronous AMI client on a bare socket: it calls and watches for the demo and the tests.

Independent of the product's own AMI listener, so that a proof never rests on the code under proof.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from concierge.lab.errors import LabError
from concierge.lab.wait import wait_until

LINE_END = b"\r\n"
MESSAGE_END = b"\r\n\r\n"


class Message:
    """One AMI message: `message["Digit"]` is the first header of that name ("" when absent), `all` every one.

    received    time.time() when it was read here, in seconds
    """

    def __init__(self, headers: list[tuple[str, str]], received: float) -> None:
        self.headers = headers
        self.received = received

    def __getitem__(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """The values of every header of that name, in order."""
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def variables(self, header: str = "ChanVariable") -> dict[str, str]:
        """{"CAMPAIGN": "spring", …} from the repeated headers ChanVariable, DestChanVariable…"""
        return dict(pair.split("=", 1) for pair in self.all(header) if "=" in pair)

    def __repr__(self) -> str:
        return "Message(" + ", ".join(f"{name}: {value}" for name, value in self.headers) + ")"


def parse(block: bytes, received: float) -> Message:
    """One message without its empty line → Message; a line without ": " is kept under the name ""."""
    pairs = []
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        pairs.append((name, value.strip()) if colon else ("", line))
    return Message(pairs, received)


class Ami:
    """An AMI connection; a context manager. `events` holds every event since the login, oldest first."""

    def __init__(self, port: int, username: str, secret: str, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._login = {"Action": "Login", "Username": username, "Secret": secret}
        self._numbers = itertools.count(1)
        self._responses: dict[str, Message] = {}
        self.events: list[Message] = []
        self._closed = threading.Event()

    def connect(self) -> Ami:
        """Connect and log in. Raises LabError when refused."""
        try:
            self._socket = socket.create_connection(self._address, timeout=5)
        except OSError as error:
            raise LabError(f"no AMI at {self._address[0]}:{self._address[1]}: {error}") from error
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, name="lab-ami", daemon=True)
        self._reader.start()
        answer = self.action(self._login)
        if answer["Response"] != "Success":
            self.close()
            raise LabError(f"AMI refused the login of {self._login['Username']}: {answer['Message']}")
        return self

    def close(self) -> None:
        """Close the connection; the events stay readable."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)
        self._socket.close()

    def __enter__(self) -> Ami:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        buffer = b""
        banner, buffer = self._until(buffer, LINE_END)
        while banner:
            block, buffer = self._until(buffer, MESSAGE_END)
            if not block:
                break
            self._take(parse(block, time.time()))
        self._closed.set()

    def _until(self, buffer: bytes, end: bytes) -> tuple[bytes, bytes]:
        while end not in buffer:
            try:
                more = self._socket.recv(65536)
            except OSError:
                more = b""
            if not more:
                return b"", b""
            buffer += more
        head, _, rest = buffer.partition(end)
        return head, rest

    def _take(self, message: Message) -> None:
        if message["Event"]:
            self.events.append(message)
        elif message["ActionID"]:
            self._responses[message["ActionID"]] = message

    def action(self, fields: Mapping[str, str], *more: tuple[str, str], timeout: float = 10.0) -> Message:
        """Send an action and return its response, whatever it says; `more` are repeated headers (Variable).

        Raises LabError when the link is gone or no response comes within `timeout` seconds.
        """
        number = self.send(fields, *more)
        wait_until(lambda: number in self._responses or self._closed.is_set(), timeout, f"the answer to {fields}")
        if number not in self._responses:
            raise LabError(f"AMI closed the connection on {fields['Action']}")
        return self._responses.pop(number)

    def send(self, fields: Mapping[str, str], *more: tuple[str, str]) -> str:
        """Send an action without waiting; returns its ActionID. Raises ValueError for CR or LF in a header."""
        number = fields.get("ActionID", f"lab-{next(self._numbers)}")
        headers = [*fields.items(), *more, ("ActionID", number)]
        if any("\r" in part or "\n" in part for header in headers for part in header):
            raise ValueError(f"CR or LF in an AMI header: {headers}")
        text = "".join(f"{name}: {value}\r\n" for name, value in dict.fromkeys(headers))
        self._socket.sendall(text.encode() + LINE_END)
        return number

    def originate(
        self,
        channel: str,
        *,
        context: str = "lab-hold",
        exten: str = "0",
        priority: str = "1",
        variables: Mapping[str, str] | None = None,
        caller_id: str = "",
        seconds: float = 30.0,
        wait: bool = True,
        timeout: float = 40.0,
    ) -> Message:
        """Originate `channel` asynchronously and join it to context,exten,priority when it answers.

        wait       return the OriginateResponse event (its Response is Success or Failure), else the mere
                   acknowledgement, whose ActionID finds the event later: wait_for_originate
        seconds    how long Asterisk lets it ring;  timeout   how long to wait here, seconds
        """
        fields = {"Action": "Originate", "Channel": channel, "Context": context, "Exten": exten}
        fields |= {"Priority": priority, "Async": "true", "Timeout": str(int(seconds * 1000))}
        if caller_id:
            fields["CallerID"] = caller_id
        settings = [("Variable", f"{name}={value}") for name, value in (variables or {}).items()]
        since = self.mark()
        answer = self.action(fields, *settings)
        if answer["Response"] != "Success":
            raise LabError(f"Originate of {channel} refused: {answer['Message']}")
        return self.wait_for_originate(answer["ActionID"], timeout, since=since) if wait else answer

    def wait_for_originate(self, action_id: str, timeout: float = 40.0, *, since: int = 0) -> Message:
        """The OriginateResponse event of that ActionID."""
        return self.wait_for(
            lambda event: event["Event"] == "OriginateResponse" and event["ActionID"] == action_id,
            timeout,
            since=since,
            what=f"OriginateResponse of {action_id}",
        )

    def mark(self) -> int:
        """The number of events so far: `since` of find and wait_for."""
        return len(self.events)

    def find(self, predicate: Callable[[Message], bool], since: int = 0) -> list[Message]:
        """Every event from number `since` for which `predicate` holds, once all that was told so far is here."""
        if not self._closed.is_set():
            self._catch_up()
        return self._so_far(predicate, since)

    def _catch_up(self) -> None:
        """An event of ours comes after those that were there before it."""
        since, name = self.mark(), f"lab-{next(self._numbers)}"
        self.action({"Action": "UserEvent", "UserEvent": "LabCaughtUp", "Name": name})
        self.wait_for(lambda event: event["Name"] == name, since=since, what="the events so far")

    def _so_far(self, predicate: Callable[[Message], bool], since: int) -> list[Message]:
        return [event for event in self.events[since:] if predicate(event)]

    def wait_for(
        self, predicate: Callable[[Message], bool], timeout: float = 5.0, *, since: int = 0, what: str = "an AMI event"
    ) -> Message:
        """The first event, from number `since`, for which `predicate` holds; waits for it up to `timeout` seconds."""
        return wait_until(lambda: self._so_far(predicate, since), timeout, what)[0]

    def wait_for_application(self, name: str, timeout: float = 5.0, *, since: int = 0, data: str = "") -> Message:
        """The first Newexten event of that dialplan application, its data holding `data`: "the menu plays now"."""
        return self.wait_for(
            lambda event: (
                event["Event"] == "Newexten"
                and event["Application"].lower() == name.lower()
                and data in event["AppData"]
            ),
            timeout,
            since=since,
            what=f"{name}({data}) to run",
        )
