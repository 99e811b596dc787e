"""Databases at head, events, questions and a wait with a limit."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from concierge.wiring import upgrade_store
from models.contact import Answer, History, Question
from models.journal import Journal
from models.number import Number, Site
from models.policy import Reason, allow
from models.reader import Reader
from models.store import Store
from models.suppression import ALL, Kind, ListEvent

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
PERSON = 48601234567  # a mobile number in the Polish plan
OTHER = 48601234568


def event(number: int = PERSON, campaign: str = ALL, kind: Kind = Kind.ADD, **more) -> ListEvent:
    given = {"event_id": uuid4(), "at": NOW, "reason": "asked by letter", "source": "letter"} | more
    return ListEvent(kind=kind, number=number, campaign=campaign, **given)


def answer(number: int = PERSON, via: str = "agi", at: datetime = NOW, campaign: str = "") -> Answer:
    asked = Question(f"+{number}", campaign, via, "100", "PJSIP/out-1", "1763.42")
    return Answer(asked, Number(number), allow(Reason.NOT_LISTED), History(), at)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fails when it does not within the limit."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.002)


def until_now(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """The same without a loop."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@contextmanager
def as_nobody() -> Iterator[None]:
    """File modes do not bind root: act as another user, when we are root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def make() -> SimpleNamespace:
    """Builders, and the constants they use."""
    return SimpleNamespace(
        event=event, answer=answer, NOW=NOW, PERSON=PERSON, OTHER=OTHER, site=Site(country="PL"), day=timedelta(days=1)
    )


@pytest.fixture
def wait() -> SimpleNamespace:
    return SimpleNamespace(until=until, until_now=until_now)


@pytest.fixture
def nobody() -> Callable[[], object]:
    return as_nobody


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at head, made once by the real migrations."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade_store(path)
    return path


@pytest.fixture
def db(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "concierge.db"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach (pytest's own are closed to them)."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def store(db: Path) -> Iterator[Store]:
    store = Store(db)
    yield store
    store.close()


@pytest.fixture
def reader(db: Path) -> Iterator[Reader]:
    reader = Reader(db)
    yield reader
    reader.close()


@pytest.fixture
async def journal(db: Path) -> AsyncIterator[Journal]:
    journal = Journal(db)
    journal.start()
    yield journal
    await journal.close()
