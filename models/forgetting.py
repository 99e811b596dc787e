"""An order to forget a person, which every site carries out on its own rows, and what of older rows of the feed stays.

It travels as a fact. It names the number for good: a list that is restored from a backup, or a feed that is read again,
brings back what it stands against.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from models.facts import CONSENTS, Fact
from models.tables import from_micros

FORGET = "forget"
ERASED = "erased"  # a fact of which nothing stays
FORGOTTEN = "asked not to be called; the details were erased on request"
_WITHDRAW = "withdraw"


def order(number: int, actor: str, at: datetime) -> Fact:
    """For the other sites."""
    return Fact(uuid4(), FORGET, "", at, "cli", actor, number)


def told(number: int, actor: str, at: int) -> str:
    """PURE: an order as it is kept until it is carried out. What was recorded until `at` (microseconds) goes, each row
    by the clock of the host that has recorded it: so it is the same rows everywhere, whenever they arrive."""
    return json.dumps({"number": number, "by": actor, "before": at})


def read(text: str) -> tuple[int, str, datetime]:
    """PURE: number, by whom, until when; the reverse."""
    found = json.loads(text)
    return found["number"], found["by"], from_micros(found["before"])


def bare_consent(body: str) -> dict[str, Any]:
    """PURE: of a consent that was withdrawn: until when, and by which way of calling."""
    said = json.loads(body)
    return {**{name: said[name] for name in ("channel", "expires_at") if name in said}, "proof": ""}


def bare_bodies(rows: Sequence[Mapping[str, Any]], number: int, by: str) -> dict[int, tuple[int | None, str]]:
    """PURE: rows of the feed about a person, older than the order `by` -> position: number and body that stay.

    Of a listing and a removal what they say of the list; of a withdrawn consent the same as in the lists. Rows that say
    no more than that already are left out, and so are ranges, which are about nobody.
    """
    bodies = [(row, body) for row in rows if (body := _body_of(row["body"]))]
    withdrawn = any(row["kind"] == "fact" and body.get("fact") == _WITHDRAW for row, body in bodies)
    found: dict[int, tuple[int | None, str]] = {}
    for row, body in bodies:
        if body.get(ERASED) or body.get("fact") in (FORGET, ERASED) or body.get("last"):
            continue
        if row["kind"] != "fact":
            found[row["position"]] = number, _said(body | {"reason": FORGOTTEN, "actor": "", "evidence": "{}"}, by)
        elif withdrawn and body.get("fact") in CONSENTS:
            content = json.dumps(bare_consent(body["content"]), sort_keys=True)
            found[row["position"]] = number, _said(body | {"actor": "", "content": content}, by)
        else:
            nothing = {"fact": ERASED, "subject": "", "source": "", "actor": "", "content": "{}", "number": None}
            found[row["position"]] = None, _said({**nothing, "at": body.get("at", 0)}, by)
    return found


def _said(body: dict[str, Any], by: str) -> str:
    return json.dumps(body | {ERASED: by})


def erased_by(body: str) -> str | None:
    """PURE: the id of the order for which the body of a row of the feed was made bare."""
    by = _body_of(body).get(ERASED)
    return by if isinstance(by, str) else None


def _body_of(text: str) -> dict[str, Any]:
    """Empty for what no host has written."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
