"""What the feed says, taken into one list without a server."""

from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from models import imports
from models.evidence.sources import EVENT
from models.imports import Batch, Imports
from models.rows import event_row
from models.store import Store
from models.sync.inbox import take_in
from models.sync.message import ImportNews, of_event, of_import
from models.sync.settle import settle

BASE = 48600000000


@pytest.fixture
def store(template, tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(template.read_bytes())
    with closing(Store(path)) as found:
        yield found


def take(store, messages):
    with store.writing() as connection:
        taken = take_in(connection, messages)
        store.seal(connection, EVENT, taken.events)


@pytest.mark.parametrize("parts", [0, 1, 2, 3])
def test_an_import_in_whose_middle_the_backup_was_made_comes_back_whole(store, make, parts, monkeypatch):
    """The list is put back, the feed tells its own import again, and meanwhile somebody imports something else."""
    monkeypatch.setattr(imports, "_CHUNK", 1)
    new = Batch(str(uuid4()), "c" * 64, "one.csv", "csv", "me", datetime.now(UTC))
    events = [make.event(BASE + one, batch=new.id) for one in range(6)]

    def breaks_off():
        yield from events[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Imports(store).load(new, breaks_off())
    row = {name: getattr(new, name) for name in ("id", "content", "name", "format", "actor", "site")}
    row |= {"at": 1, "listings": 6, "refused": 0}
    told = [of_event(event_row(one, 1) | {"site": "a"}, "a") for one in events]
    told = [of_import(row, ImportNews.BEGIN, "a"), *told, of_import(row, ImportNews.DONE, "a")]
    first = [0, 1, 4, len(told)][parts]
    take(store, told[:first])
    other = Batch(str(uuid4()), "d" * 64, "two.csv", "csv", "me", datetime.now(UTC))
    Imports(store).load(other, [make.event(BASE + 50, batch=other.id)])
    take(store, told[first:])
    settle(store)
    now = datetime.now(UTC)
    assert {one.number for one in store.entries() if one.holds(now)} == {BASE + 50, *(one.number for one in events)}
    assert {one.state for one in Imports(store).all()} == {"done"}
