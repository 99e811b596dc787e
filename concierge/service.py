"""`concierge serve`: AGI, AMI, the HTTP endpoint and the link to other sites in one process; drain on SIGTERM."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agi.callback import callback
from agi.handlers import ByHand, CallBack, Handler, OptOut
from agi.menu_guard import menu
from agi.opt_out import opt_out
from agi.outbound import outbound
from agi.outcome import outcome
from agi.ping import ping
from agi.server import Limits, Ports, Server, Services
from ami.aside import Aside, Gathering
from ami.contacts import SETTLING
from ami.events import Event, LegDialled
from ami.legs import Scope
from ami.opt_out import OptOutListener, Witness
from ami.quality import CALLERS
from ami.watch import GateWatch
from concierge.abandonment import Abandonment, Send
from concierge.calling_back import CallingBack
from concierge.counting import Counting
from concierge.errors import UserError
from concierge.gap_store import GapStore
from concierge.health import Health
from concierge.manager import access_of, all_of, others_of
from concierge.one_daemon import Parts
from concierge.promises import Promises
from concierge.reception import Reception
from concierge.recorder import Recorder
from concierge.reporting.live import last_day
from concierge.settings import AmiSettings, Settings
from concierge.stall import Stalls
from concierge.systemd import notify, stay_alive
from concierge.vitals import Vitals
from concierge.watching import recording, rules_of, telling
from concierge.wiring import evidence_key, folder_of, identity_of, judge_of, limits_of, site_of, sync_of
from models.cases import Cases, warm
from models.contact import placed
from models.gate import Gate
from models.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from concierge.bridge import Standing
    from concierge.endpoint import Endpoint

log = logging.getLogger("concierge")

PARTS = ("agi", "ami", "sync", "web")
_DRAIN = 30.0  # seconds; systemd waits for 40


class Service:
    """All parts of one host. `start`, then `stop`; or `run` until a signal."""

    def __init__(self, settings: Settings, path: Path, parts: Iterable[str] = PARTS) -> None:
        """Raises UserError for a secret that is missing or readable by others."""
        store = settings.store
        self._settings = settings
        self._path = path
        self._parts = frozenset(parts)
        self._alone = Parts(path)
        self._judge = judge_of(settings, path, indexed=True)
        self.sync = sync_of(settings, path) if settings.sync.url and "sync" in self._parts else None
        told = self.sync.wake if self.sync is not None else None
        self.journal = Journal(path, delay=store.evidence_delay, most=store.evidence_queue, recorded=told)
        self._counting = Counting(settings, path, self._settles)
        self._key = evidence_key(path)
        take = self._counting.take
        self._gate = Gate(self._judge, self.journal, strict=store.strict_evidence, take=take, key=self._key)
        systems = others_of(settings)
        self._reception = Reception(self.journal, settings.ami.system, settings.gate.trunks, systems)
        self._telling: asyncio.Task[None] | None = None
        digits: dict[str, Scope] = {k: "all" if v == "all" else "campaign" for k, v in settings.opt_out.digits.items()}
        self._recorder = Recorder(self.journal, settings.ami.system, digits, site_of(settings), systems)
        if self._judge.cases is not None:
            self._recorder.digits_of = partial(digits_of, self._judge.cases, digits)
            self._recorder.once = partial(once_meant, self._judge.cases)
        self._promises = Promises(settings, path)
        self._calling_back: asyncio.Task[None] | None = None
        self._abandonment = Abandonment(settings, path, self._senders)
        self._sparing: asyncio.Task[None] | None = None
        self.server = self._agi_server()
        self.listeners: dict[str, OptOutListener] = {}
        self._watches: dict[str, GateWatch] = {}
        self._listening: list[asyncio.Task[None]] = []
        self.stalls = Stalls()
        self._watching: asyncio.Task[None] | None = None
        if "ami" in self._parts:
            self.listeners = {one.system: self._build_listener(one) for one in all_of(settings)}
        self._bridge = self._build_bridge() if settings.freepbx.blacklist != "off" and "ami" in self._parts else None
        self.endpoint = self._build_endpoint() if settings.web.port and "web" in self._parts else None
        self.health = (
            Health(settings.metrics, self.vitals, last_day(path, folder_of(settings)))
            if settings.metrics.port
            else None
        )

    def _build_bridge(self) -> Standing:
        """Raises UserError for a secret that cannot be read."""
        from concierge.bridge import Standing, access_of

        access_of(self._settings)
        return Standing(self._settings, self._path)

    def _build_endpoint(self) -> Endpoint:
        """Imported when it is wanted: it is an extra."""
        from concierge.endpoint import Endpoint

        return Endpoint(self._settings, self._path, self._judge, self._gate, self.journal)

    def _agi_server(self) -> Server:
        agi = self._settings.agi
        limits = Limits(agi.header_timeout, agi.session_timeout, agi.sessions)
        gate, others = self._gate, others_of(self._settings)
        ports = Ports(gate.ask_now, gate.ask, self._record, self._counting.ended)
        if others:
            now, later = (lambda one: gate.ask_now(placed(one, others))), (lambda one: gate.ask(placed(one, others)))
            ports = Ports(now, later, self._record, self._counting.ended)
        allow = tuple(ipaddress.ip_network(text) for text in agi.allow)
        return Server(Services(self._handlers(), ports, limits), agi.host, agi.port, allow)

    async def _record(self, effect: OptOut | ByHand | CallBack) -> bool | None:
        if isinstance(effect, CallBack):
            return await self._promises.record(effect)
        return await self._recorder.from_dialplan(effect)

    def _handlers(self) -> Mapping[str, Handler]:
        limits = limits_of(self._settings)
        return {
            "outbound": outbound,
            "menu": self._reception.listening(lambda environment: menu(environment, limits)),
            "optout": opt_out,
            "outcome": outcome,
            "callback": callback,
            "ping": lambda environment: ping(environment, identity_of(self._path)),
        }

    def _build_listener(self, ami: AmiSettings) -> OptOutListener:
        """Of one PBX, with a spool of its own."""
        first = ami is self._settings.ami
        spool = self._path.with_name(self._path.name + (".optouts" if first else f".optouts-{ami.system}"))
        repair = self._settings.opt_out.on_deaf == "repair"
        kept, promised = partial(self._recorder.kept, ami.system), partial(self._promises.kept, ami.system)
        witness = Witness(kept, GapStore(self.journal), repair, promised)
        return OptOutListener(
            access_of(ami),
            self._recorder,
            spool,
            self._recorder.digits_of,
            on_gap=partial(self._counting.on_gap, system=ami.system),
            system=ami.system,
            witness=witness,
            also=(
                Aside(partial(self._watch, ami.system), kinds=LegDialled),
                self._settling(ami.system),
                Aside(partial(self._reception.on_event, system=ami.system), kinds=CALLERS),
            ),
        )

    def _settling(self, system: str) -> Gathering:
        """Contacts are settled by what this PBX tells."""
        counting = self._counting
        return Gathering(
            partial(counting.on_events, system=system), kinds=SETTLING, without=partial(counting.missed, system)
        )

    def vitals(self) -> Vitals:
        """How it fares now."""
        listeners = {system: one.status() for system, one in self.listeners.items()}
        return Vitals(self.journal.ready, self.journal.waiting, self.stalls.count, self.stalls.longest, listeners)

    def _senders(self) -> list[Send]:
        """The managers of all PBXs."""
        return [one.session.send for one in self.listeners.values()]

    def _settles(self, system: str) -> bool:
        """Does AMI tell at this moment what becomes of a call of this PBX?"""
        one = self.listeners.get(system if system in others_of(self._settings) else self._settings.ami.system)
        return one is not None and one.session.status().connected

    async def _watch(self, system: str, event: Event, seen_at: float) -> None:
        """Round the gate? The listener is there when its first event comes."""
        watch = self._watches.get(system)
        if watch is None:
            gate, send = self._settings.gate, self.listeners[system].session.send
            record, tell = recording(self.journal, system), telling(gate.webhook, system)
            watch = self._watches[system] = GateWatch(self._key, rules_of(self._settings), send, record, tell)
        await watch(event, seen_at)

    async def start(self) -> None:
        """Open the ports. Raises UserError when one cannot be had, or another process serves this list."""
        self._alone.hold(self._served())
        try:
            await self._start()
        except BaseException:
            self._alone.release()
            raise

    def _served(self) -> list[str]:
        """The parts that there are."""
        there = {"agi": True, "ami": bool(self.listeners), "sync": self.sync, "web": self.endpoint}
        return [part for part in PARTS if part in self._parts and there[part]]

    async def _start(self) -> None:
        self.journal.start()
        self._telling = asyncio.create_task(self._counting.run(), name="contacts")
        self._watching = asyncio.create_task(self.stalls.watch(), name="stalls")
        if self.sync is not None:
            self.sync.start()
        if self._parts & {"agi", "web"}:
            await asyncio.to_thread(self._judge.reader.begin_index())
            if self._judge.registries is not None:
                await asyncio.to_thread(self._judge.registries.begin())
        if self._judge.cases is not None and self._judge.cases.any_defined():
            await asyncio.to_thread(warm)  # a call must not wait for half a second of tables
        if "agi" in self._parts:
            await self._open_agi()
        if self.endpoint is not None:
            await self.endpoint.start()
        if self._bridge is not None:
            self._bridge.start()
        if self.health is not None:
            await self.health.start()
        if "ami" in self._parts:
            self._calling_back = asyncio.create_task(CallingBack(self._settings, self._path).run(), name="callbacks")
            self._sparing = asyncio.create_task(self._abandonment.run(), name="abandonment")
        for system, listener in self.listeners.items():
            self._listening.append(asyncio.create_task(listener.run(), name=f"listener {system}"))

    async def _open_agi(self) -> None:
        agi = self._settings.agi
        try:
            await self.server.start()
        except OSError as error:
            raise UserError(
                f"agi.port: {agi.host}:{agi.port}: {error.strerror}; is another Concierge running, or set agi.port"
            ) from error
        log.info("listening=agi host=%s port=%d", agi.host, self.server.port)

    async def stop(self) -> None:
        """Answer what has been asked, record what has been pressed, write what was decided."""
        if self._watching is not None:
            self._watching.cancel()
        for task in (self._calling_back, self._sparing):
            if task is not None:
                task.cancel()
        if self.health is not None:
            await self.health.stop()
        bridging = asyncio.create_task(asyncio.to_thread(self._bridge.stop)) if self._bridge is not None else None
        asked = [self.server.drain()] if "agi" in self._parts else []
        await asyncio.gather(*asked, *([self.endpoint.stop()] if self.endpoint is not None else []))
        await asyncio.gather(*(listener.close() for listener in self.listeners.values()))
        await asyncio.gather(*self._listening, return_exceptions=True)
        await asyncio.gather(*(watch.settled() for watch in self._watches.values()))
        await self._reception.settled()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._counting.close()
        await self.journal.close()
        if bridging is not None:
            await bridging
        if self.sync is not None:
            await asyncio.to_thread(self.sync.stop)
        await asyncio.to_thread(self._judge.reader.save)
        self._judge.reader.close()
        self._alone.release()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises UserError when it cannot start."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await self.start()
        stopped = loop.create_task(stop.wait())
        alive = loop.create_task(stay_alive(), name="watchdog")
        notify("READY=1")
        try:
            await asyncio.wait({stopped, *self._listening}, return_when=asyncio.FIRST_COMPLETED)
            for listening in self._listening:
                if listening.done():
                    listening.result()  # it never ends by itself: whatever it was is our bug
        finally:
            stopped.cancel()
            alive.cancel()
            notify("STOPPING=1")
            log.info("draining")
            try:
                async with asyncio.timeout(_DRAIN):
                    await self.stop()
            except TimeoutError:
                log.error("drain=unfinished seconds=%g; what is spooled or kept is recorded at the next start", _DRAIN)


def once_meant(cases: Cases, campaign: str) -> Mapping[str, Scope]:
    """What keys have meant in a campaign that is another one now, or is gone. Raises StoreError."""
    found: dict[str, Scope] = {}
    for one in cases.once(campaign):
        for key, scope in one.opt_out.digits.items():
            found[key] = "all" if "all" in (scope, found.get(key)) else "campaign"
    return found


def digits_of(cases: Cases, otherwise: Mapping[str, Scope], campaign: str) -> Mapping[str, Scope]:
    """What the keys mean in a campaign: its own `opt_out` beside the settings', so that no known key loses its
    meaning."""
    found = cases.defined(campaign)
    if found is None or not found.opt_out.digits:
        return otherwise
    own: dict[str, Scope] = {
        key: "all" if scope == "all" else "campaign" for key, scope in found.opt_out.digits.items()
    }
    return {**otherwise, **own}
