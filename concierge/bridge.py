"""The bridge to FreePBX's inbound blacklist, run: reads Asterisk's database over AMI, does what `models.bridge` plans.

What is to be written there is remembered before it is written, what came from there in the transaction that lists it:
a pass that breaks off anywhere is taken up by the next one.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from ami.astdb import AstDb, Failed
from ami.link import Access, Link, Timing, open_link
from concierge.errors import UserError
from concierge.setting_rules import bridge_secret
from concierge.settings import Settings
from concierge.wiring import site_of
from models import mirror
from models.bridge import FAMILY, Meaning, Plan, Row, Sides, State, Way, of_another_database, plan
from models.errors import StoreError
from models.number import NotANumber, Site, interpret
from models.store import Store
from models.suppression import Kind, ListEvent
from models.sync import state

log = logging.getLogger("concierge.bridge")

_MARKER = "concierge-bridge"  # a family of its own, with the identity of the list that keeps the blacklist
_ID = "id"
_CHUNK = 200  # rows of one transaction
SOURCE = "freepbx"
_T = TypeVar("_T")


class BridgeError(UserError):
    """A pass could not be made: why, and what to do."""


@dataclass(slots=True)
class Outcome:
    """What one pass did, or would do. `refused`: keys that are no numbers, and why."""

    listed: int = 0
    unlisted: int = 0
    written: int = 0
    deleted: int = 0
    held: int = 0
    too_many: bool = False
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """All together."""
        return self.listed + self.unlisted + self.written + self.deleted


def way_of(settings: Settings) -> Way:
    """The directions that are on."""
    mode = settings.freepbx.blacklist
    return Way(mode in ("read", "both"), mode in ("write", "both"))


def access_of(settings: Settings) -> Access:
    """Its own manager user, or the listener's. Raises SettingsError."""
    from concierge import manager

    return manager.access_of(settings.ami, settings.freepbx.user, bridge_secret(settings))


def caller_site(settings: Settings) -> Site:
    """What the network presents, or the staff keys in, has no digit for an outside line in front."""
    return replace(site_of(settings), outside_line="", tech_prefixes=())


def meaning(site: Site) -> Callable[[str, str], Meaning]:
    """What a key and its value say."""
    from models.exchange.astdb import row_of
    from models.exchange.kinds import Row as FileRow

    def means(key: str, value: str) -> Meaning:
        row = row_of(0, key, value)
        if not isinstance(row, FileRow):
            return Meaning(None, row.why)
        found = interpret(key, site)
        if isinstance(found, NotANumber):
            return Meaning(None, f"{found.why.value}: {found.detail}")
        if found.also:
            return Meaning(None, "it can be read as more than one number; write it with + there")
        return Meaning(found.e164, row.reason)

    return means


def form_of(settings: Settings) -> Callable[[int], str]:
    """How a number of ours is written there. What would be read as another number is written with +."""
    from models.number.plan import as_written

    site, wanted = caller_site(settings), settings.freepbx.form

    def form(number: int) -> str:
        text = {"plus": f"+{number}", "e164": str(number)}.get(wanted) or as_written(number, site.country)
        found = interpret(text, site)
        good = wanted == "e164" or (not isinstance(found, NotANumber) and found.e164 == number and not found.also)
        return text if good else f"+{number}"

    return form


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_name(path.name + ".bridge").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BridgeError("another pass of the bridge is under way; try again") from None
        yield


class Bridge:
    """One PBX. Blocking; a pass runs in the thread that asks for it."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._scope = settings.freepbx.campaign.lower()
        self._means, self._form = meaning(caller_site(settings)), form_of(settings)

    def run(self, *, dry: bool = False, accept: bool = False, withdraw: bool = False) -> Outcome:
        """One pass. `dry`: change nothing; `accept`: what has gone there was taken out by people, and this is the
        database to keep; `withdraw`: take out what we wrote. Raises BridgeError, StoreError, SettingsError.
        """
        with _alone(self._path), closing(Store(self._path)) as store:
            return asyncio.run(self._pass(store, dry=dry, accept=accept, withdraw=withdraw))

    async def _pass(self, store: Store, *, dry: bool, accept: bool, withdraw: bool) -> Outcome:
        link = await open_link(access_of(self._settings), Timing(), lambda _event: None)
        if not isinstance(link, Link):
            raise BridgeError(str(link))
        try:
            family, marker = AstDb(link, FAMILY), AstDb(link, _MARKER)
            way = Way(False, True) if withdraw else way_of(self._settings)
            there, theirs = _found(await family.all()), _found(await marker.get(_ID))
            own = self._identity(store, keep=not dry)
            if theirs not in (None, own) and not accept:
                raise BridgeError(
                    "another list keeps this PBX's blacklist; `concierge list bridge --accept` takes over"
                )
            todo, outcome = self._plan(store, there, way, (theirs == own, accept, withdraw))
            if not dry:
                self._take_in(store, todo)
                if way.write and theirs != own:
                    _done(await marker.put(_ID, own))
                await self._write(store, family, todo)
            return outcome
        finally:
            link.close("done")

    def _identity(self, store: Store, *, keep: bool) -> str:
        with store.reading() as connection:
            own = state.get(connection, "bridge")
        if not own and keep:
            own = str(uuid4())
            with store.writing() as connection:
                state.put(connection, "bridge", own)
        return own

    def _plan(
        self, store: Store, there: dict[str, str], way: Way, how: tuple[bool, bool, bool]
    ) -> tuple[Plan, Outcome]:
        same, accept, withdraw = how
        now = datetime.now(UTC)
        with store.reading() as connection:
            known = mirror.known(connection)
            wanted = {} if withdraw or not way.write else self._wanted(store, now)
            if way.write and not same and not accept:
                known, lost = of_another_database(known, there)
            else:
                lost = []
            ended = mirror.ended(connection, known.values(), now)
        outcome = Outcome(too_many=wanted is None)
        if wanted is None:  # nothing more is written, and nothing taken out
            wanted, way = {}, Way(way.read, False)
        todo = plan(Sides(there, known, wanted, ended, same or accept), way, self._scope, self._means, self._form)
        todo.forgotten += lost
        outcome.listed, outcome.unlisted = len(todo.listed), len(todo.unlisted)
        outcome.written, outcome.deleted = len(todo.put), len(todo.delete)
        outcome.held, outcome.refused = todo.held, todo.refused
        return todo, outcome

    def _wanted(self, store: Store, now: datetime) -> dict[int, str] | None:
        with store.reading() as connection:
            found = mirror.wanted(connection, self._scope, self._settings.freepbx.sources, now)
        return None if found is None else dict(found)

    def _take_in(self, store: Store, todo: Plan) -> None:
        """Our side, and what is about to be done on the other."""
        for some in _pieces(todo.listed):
            with store.writing() as connection:
                rows = [(replace(row, event=uuid4()), reason) for row, reason in some]
                for row, reason in rows:
                    store.append(connection, self._event(Kind.ADD, row, reason))
                mirror.keep(connection, (row for row, _ in rows))
        for gone in _pieces(todo.unlisted):
            with store.writing() as connection:
                for row in gone:
                    store.append(connection, self._event(Kind.REMOVE, row, "taken out of FreePBX's blacklist"))
                mirror.forget(connection, gone)
        with store.writing() as connection:
            mirror.forget(connection, todo.forgotten)
            mirror.keep(connection, todo.kept)
            mirror.keep(connection, todo.put)
            mirror.keep(connection, (replace(row, state=State.DELETING) for row in todo.delete))

    def _event(self, kind: Kind, row: Row, reason: str) -> ListEvent:
        system = self._settings.ami.system
        evidence = {"witness": "astdb", "system": system, "key": row.key, "value": row.value[:200]}
        own = row.event if kind is Kind.ADD else None
        removes = (row.event,) if kind is Kind.REMOVE and row.event is not None else ()
        return ListEvent(
            event_id=own or uuid4(),
            kind=kind,
            number=row.number,
            campaign=row.campaign,
            at=datetime.now(UTC),
            reason=reason or "on FreePBX's blacklist",
            source=SOURCE,
            actor=f"FreePBX {system}",
            evidence=evidence,
            removes=removes,
        )

    async def _write(self, store: Store, family: AstDb, todo: Plan) -> None:
        """Their side, and then that it was done."""
        for some in _pieces(todo.put):
            for row in some:
                _done(await family.put(row.key, row.value))
            with store.writing() as connection:
                mirror.keep(connection, (replace(row, state=State.SETTLED) for row in some))
        for gone in _pieces(todo.delete):
            for row in gone:
                _done(await family.delete(row.key))
            with store.writing() as connection:
                mirror.forget(connection, gone)


def _pieces(rows: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def _found(answer: _T | Failed) -> _T:
    if isinstance(answer, Failed):
        raise BridgeError(f"Asterisk's database could not be read: {answer.why}")
    return answer


def _done(failed: Failed | None) -> None:
    if failed is not None:
        raise BridgeError(f"Asterisk's database could not be written: {failed.why}")


class Standing:
    """The bridge of a daemon: a pass now and then, in a thread of its own."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._bridge = Bridge(settings, path)
        self._every = settings.freepbx.every
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bridge", daemon=True)
        self._trouble = ""
        self._refused: set[str] = set()

    def start(self) -> None:
        """The first pass is made at once."""
        self._thread.start()

    def stop(self) -> None:
        """Blocks until a pass under way has ended, for 10 s at most: the next one takes up what this one leaves."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._tell(self._bridge.run())
            except (UserError, StoreError) as error:
                self._note(str(error))
            except Exception:
                log.exception("bridge=failed why=our bug; please report these lines")
            self._ending.wait(self._every)

    def _note(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("bridge=waiting why=%s", trouble)
        elif self._trouble and not trouble:
            log.warning("bridge=back")
        self._trouble = trouble

    def _tell(self, done: Outcome) -> None:
        if done.held:
            why = f"{done.held} keys have gone from FreePBX's blacklist at once; `concierge list bridge --accept` obeys"
            self._note(why)
        else:
            self._note("more entries than FreePBX's blacklist is for; none is written" if done.too_many else "")
        new = done.refused.keys() - self._refused
        if new:
            log.warning("bridge=unread keys=%d see=`concierge list bridge --dry-run`", len(new))
        self._refused |= new
        if done.changes:
            counts = (done.listed, done.unlisted, done.written, done.deleted)
            log.info("bridge=done listed=%d unlisted=%d written=%d deleted=%d", *counts)
