"""A manager interface on a real socket that misbehaves on demand, and events as a PBX sends them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from ami.backoff import Pace
from ami.legs import OptOut
from ami.link import Access, Timing

SECRET = "s3cret-äß-0815"


def parse(frame: str) -> dict[str, Any]:
    """One message as panoramisk hands it over: a repeated header is a list."""
    raw: dict[str, Any] = {}
    for line in frame.strip().splitlines():
        name, _, value = line.partition(":")
        value = value.strip()
        if name in raw:
            raw[name] = [*(raw[name] if isinstance(raw[name], list) else [raw[name]]), value]
        else:
            raw[name] = value
    return raw


@dataclass
class FakeAmi:
    """Answers Login, Ping and UserEvent; remembers every action."""

    secret: str = SECRET
    greeting: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    answer_logins: bool = True
    answer_pings: bool = True
    answer_actions: bool = True
    port: int = 0
    actions: list[dict[str, Any]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    accepted: int = 0
    server: asyncio.Server | None = None

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.server.close()
        self.drop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.server.wait_closed(), 10)

    def drop(self) -> None:
        """Cut every connection."""
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    def close(self) -> None:
        """Close every connection as Asterisk does when it stops."""
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    def send(self, data: bytes) -> None:
        for writer in self.writers:
            writer.write(data)

    def event(self, frame: str) -> None:
        self.send(frame.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n")

    def of(self, name: str) -> list[dict[str, Any]]:
        return [action for action in self.actions if action["Action"] == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        writer.write(self.greeting)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                action = parse((await reader.readuntil(b"\r\n\r\n")).decode())
                self.actions.append(action)
                if not self._answer(action, writer):
                    break
        writer.close()

    def _answer(self, action: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        if action["Action"] == "Login":
            return self._login(action, writer)
        if action["Action"] == "Ping":
            if self.answer_pings:
                self._reply(writer, action, "Success", "Ping: Pong")
        elif self.answer_actions:
            self._reply(writer, action, "Success", "Message: Event Sent")
        return True

    def _login(self, action: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        if not self.answer_logins:
            return True
        good = action["Secret"] == self.secret
        if good:
            self.writers.append(writer)
            self._reply(writer, action, "Success", "Message: Authentication accepted")
        else:
            self._reply(writer, action, "Error", "Message: Authentication failed")
        return good

    def _reply(self, writer: asyncio.StreamWriter, action: dict[str, Any], result: str, line: str) -> None:
        writer.write(f"Response: {result}\r\nActionID: {action['ActionID']}\r\n{line}\r\n\r\n".encode())


@pytest.fixture
async def server() -> AsyncIterator[FakeAmi]:
    fake = FakeAmi()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def access(server: FakeAmi) -> Access:
    return Access("concierge", SECRET, port=server.port)


@pytest.fixture
def brisk() -> dict[str, Any]:
    """Limits short enough for a test, long enough for a busy machine."""
    timing = Timing(connect=2, login=2, answer=2, ping_every=0.05, ping_answer=0.3)
    return {"timing": timing, "pace": Pace(first=0.02, longest=0.1, refused_first=30, refused_longest=30)}


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    async def wait(condition: Callable[[], object], what: str = "", limit: float = 20.0) -> None:
        async with asyncio.timeout(limit):
            while not condition():  # noqa: ASYNC110 - conditions of any kind
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def frame() -> Callable[[str], dict[str, Any]]:
    return parse


@pytest.fixture
def dtmf() -> Callable[..., str]:
    """A DTMFEnd as Asterisk 22.10 sends it."""

    def build(
        channel: str = "PJSIP/trunk-00000001",
        uniqueid: str = "1795295160.7",
        *,
        digit: str = "9",
        direction: str = "Received",
        campaign: str = "spring",
        number: str = "48501502503",
        leg: str = "callee",
        at: str = "1795295161.955735",
        name: str = "Shop",
    ) -> str:
        return f"""
Event: DTMFEnd
Privilege: dtmf,all
Timestamp: {at}
Channel: {channel}
ChannelState: 6
ChannelStateDesc: Up
CallerIDNum: 48501502503
CallerIDName: {name}
ConnectedLineNum: 5551000
ConnectedLineName: Shop
Language: en
AccountCode:
Context: campaign-ivr
Exten: s
Priority: 3
Uniqueid: {uniqueid}
Linkedid: 1795295160.1
ChanVariable: CONCIERGE_CAMPAIGN={campaign}
ChanVariable: CONCIERGE_NUMBER={number}
ChanVariable: CONCIERGE_LEG={leg}
Digit: {digit}
DurationMs: 120
Direction: {direction}
"""

    return build


@pytest.fixture
def dial() -> Callable[..., str]:
    """A DialBegin as Asterisk 22.10 sends it."""

    def build(
        channel: str = "PJSIP/trunk-00000001",
        uniqueid: str = "1795295160.7",
        *,
        campaign: str = "spring",
        number: str = "48501502503",
        leg: str = "callee",
    ) -> str:
        return f"""
Event: DialBegin
Privilege: call,all
Timestamp: 1795295160.231893
Channel: Local/48501502503@outbound-00000001;2
Uniqueid: 1795295160.2
Linkedid: 1795295160.1
ChanVariable: CONCIERGE_CAMPAIGN={campaign}
ChanVariable: CONCIERGE_NUMBER={number}
ChanVariable: CONCIERGE_LEG=
DestChannel: {channel}
DestChannelState: 0
DestChannelStateDesc: Down
DestCallerIDNum: 48501502503
DestUniqueid: {uniqueid}
DestLinkedid: 1795295160.1
DestChanVariable: CONCIERGE_CAMPAIGN={campaign}
DestChanVariable: CONCIERGE_NUMBER={number}
DestChanVariable: CONCIERGE_LEG={leg}
DialString: 48501502503@trunk
"""

    return build


@pytest.fixture
def hangup() -> Callable[..., str]:
    def build(uniqueid: str = "1795295160.7") -> str:
        return f"""
Event: Hangup
Privilege: call,all
Timestamp: 1795295169.000001
Channel: PJSIP/trunk-00000001
Uniqueid: {uniqueid}
Linkedid: 1795295160.1
Cause: 16
Cause-txt: Normal Clearing
"""

    return build


@pytest.fixture
def opt_out() -> Callable[..., OptOut]:
    def build(n: int = 1, *, at: float = 1795295161.0) -> OptOut:
        return OptOut(
            event_id=UUID(int=n),
            number=48501502500 + n,
            scope="all",
            campaign="Żółć",
            digit="9",
            channel=f"PJSIP/trunk-{n:08x}",
            uniqueid=f"1795295160.{n}",
            linkedid=f"1795295160.{n}",
            at=at,
            seen_at=at + 0.001,
            variables={"CONCIERGE_LEG": "callee"},
        )

    return build


@dataclass
class FakeRecorder:
    """A list that can be made to fail, to hang, or to choke on one event. `recorded` holds each event once."""

    recorded: dict[UUID, OptOut] = field(default_factory=dict)
    attempts: int = 0
    failing: Exception | type[BaseException] | None = None
    poison: set[UUID] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def record(self, item: OptOut) -> Any:
        self.attempts += 1
        await self.gate.wait()
        if self.failing is not None:
            raise self.failing
        if item.event_id in self.poison:
            raise ValueError("this one never")
        new = item.event_id not in self.recorded
        self.recorded[item.event_id] = item
        return FakeRecorded(new, len(self.recorded))


@dataclass(frozen=True)
class FakeRecorded:
    new: bool
    entry_id: int


@pytest.fixture
def recorder() -> FakeRecorder:
    return FakeRecorder()


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., asyncio.Task[None]]]:
    """Run a coroutine beside the test; what is left at the end is cancelled."""
    tasks: list[asyncio.Task[None]] = []

    def begin(coroutine: Any) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(coroutine))
        return tasks[-1]

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
