"""What is kept on a person beside the list and the checks, in values of JSON; times are ISO 8601."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select

from models.facts import ANSWERED, COMPLAINT, CONSENTS
from models.forgetting import FORGET
from models.store import Store
from models.tables import bypass, callback, contact, fact, from_micros

Rows = list[dict[str, Any]]
_SHOWN: dict[str, tuple[Table, tuple[str, ...]]] = {
    "contacts": (contact, ("at", "campaign", "product", "person", "matter", "state", "outcome", "site", "uniqueid")),
    "consents": (fact, ("at", "kind", "subject", "source", "actor", "body", "site")),
    "complaints": (fact, ("at", "kind", "source", "actor", "body", "site")),
    "requests": (fact, ("at", "kind", "actor", "site")),
    "callbacks": (callback, ("asked_at", "kind", "written", "reason", "state", "holder", "outcome", "done_at")),
    "bypasses": (bypass, ("at", "system", "dialled", "channel", "caller", "place", "campaign", "reason", "action")),
}
_KINDS = {"consents": CONSENTS, "complaints": (COMPLAINT, ANSWERED), "requests": (FORGET,)}
_TIMES = frozenset({"at", "asked_at", "done_at"})


def beside(store: Store, number: int) -> dict[str, Rows]:
    """Contacts, consents, complaints, requests to be forgotten, callbacks, calls round the gate. Raises StoreError."""
    with store.reading() as connection:
        found = {}
        for name, (table, columns) in _SHOWN.items():
            query = select(*(table.c[one] for one in columns)).where(table.c.number == number)
            if name in _KINDS:
                query = query.where(table.c.kind.in_(_KINDS[name]))
            rows = connection.execute(query.order_by(next(iter(table.primary_key)))).all()
            found[name] = [{one: _value(one, row._mapping[one]) for one in columns} for row in rows]
    return found


def _value(column: str, value: Any) -> Any:
    return from_micros(value).isoformat() if column in _TIMES and isinstance(value, int) else value
