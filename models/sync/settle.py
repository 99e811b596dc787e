"""What other hosts have said that takes longer: imports put in force and taken back here, persons forgotten. In a
thread of its own."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict

from sqlalchemy import select

from models import forgetting
from models.access import Access, note
from models.errors import StoreBusy, StoreWaiting
from models.imports import Imports
from models.retention import Purge
from models.store import Store
from models.sync import state
from models.tables import DONE, LOADING, UNDONE, batch, from_micros


def settle(store: Store) -> int:
    """Do what the feed has said about imports and persons; how many were changed. Raises StoreBusy while an import runs
    here, StoreWaiting while something about a person is under way."""
    imports = Imports(store)
    return _arrived(store, imports) + _taken_back(store, imports) + _forgotten(store, imports)


def _arrived(store: Store, imports: Imports) -> int:
    """Whose rows are all there. What another import lists too is summed up after that, also after a crash."""
    with store.reading() as connection:
        query = select(batch.c.id).where(batch.c.state == LOADING, batch.c.feed_state.in_((DONE, UNDONE)))
        found = dict.fromkeys(connection.execute(query.order_by(batch.c.seq)).scalars())
        found |= dict.fromkeys(state.with_prefix(connection, state.REFOLD))
    for identity in found:
        with store.writing() as connection:
            state.put(connection, state.REFOLD + identity, 1)
        imports.take_over(identity)
        with store.writing() as connection:
            state.drop(connection, state.REFOLD + identity)
    return len(found)


def _taken_back(store: Store, imports: Imports) -> int:
    with store.reading() as connection:
        orders = state.with_prefix(connection, state.UNDO)
    for identity, order in orders.items():
        told = json.loads(order)
        if imports.get(identity).state == LOADING:
            continue  # the feed begins anew, and says again that it is done
        imports.take_back_over(identity, told["by"], from_micros(told["at"]))
        with store.writing() as connection:
            state.drop(connection, state.UNDO + identity)
    return len(orders)


def _forgotten(store: Store, imports: Imports) -> int:
    """Orders of other sites. One that has to wait keeps no other one waiting, and none waits for what a killed import
    has left: nobody may ever import anything again here."""
    with store.reading() as connection:
        orders = state.with_prefix(connection, state.FORGET)
    late: StoreWaiting | None = None
    if orders:
        with suppress(StoreBusy):
            imports.clear()
    for identity, told in orders.items():
        number, by, before = forgetting.read(told)
        try:
            gone = asdict(Purge(store, by, shared=True).forget(number, before))
        except StoreWaiting as error:
            late = error
            continue
        if any(gone.values()):
            what = ", ".join(f"{count} {name}" for name, count in gone.items() if count)
            note(store, Access(by, "feed", "forget", what))
        with store.writing() as connection:
            state.drop(connection, state.FORGET + identity)
    if late is not None:
        raise late
    return len(orders)
