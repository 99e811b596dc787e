"""Imports of other hosts, put in force and taken back here: in a thread of its own, because that may take minutes."""

from __future__ import annotations

import json

from sqlalchemy import select

from models.imports import Imports
from models.store import Store
from models.sync import state
from models.tables import DONE, LOADING, UNDONE, batch, from_micros


def settle(store: Store) -> int:
    """Do what the feed has said about imports; how many were changed. Raises StoreBusy while an import runs here."""
    imports = Imports(store)
    return _arrived(store, imports) + _taken_back(store, imports)


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
