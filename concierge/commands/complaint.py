"""`concierge complaint add|list|show|answer`: "I was called although …". The number is listed at once, the dossier is
opened, and the complaint stays open until it is answered."""

from __future__ import annotations

import getpass
import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from concierge.commands.list import words
from concierge.errors import UserError
from concierge.lists.opening import open_store
from concierge.plain import one_line, say
from concierge.wiring import add_config, add_format, settings_of, site_of

if TYPE_CHECKING:
    from models.complaints import Complaint
    from models.facts import Fact
    from models.number import Site
    from models.store import Store


_LONGEST = 4000  # characters


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="record a complaint, list the number, and print its dossier")
    add.add_argument("number")
    add.add_argument("--about", required=True, type=words, metavar="CALL|DATE", help="its id, its day, what is known")
    add.add_argument("--text", required=True, type=_text, help="what the person says")
    add.add_argument("--source", default="complaint", type=words, help="how it came: letter, e-mail, call …")
    listing = actions.add_parser("list", help="the open complaints, or --all; exit code 1 while any is open")
    listing.add_argument("--all", action="store_true")
    show = actions.add_parser("show", help="one complaint with the dossier of its number")
    show.add_argument("id", metavar="ID")
    answer = actions.add_parser("answer", help="close it: what was answered")
    answer.add_argument("id", metavar="ID")
    answer.add_argument("--text", required=True, type=_text)
    for action in (add, listing, show, answer):
        add_config(action)
        add_format(action)


def _text(text: str) -> str:
    """As long as over HTTP (argparse type)."""
    if len(text) > _LONGEST:
        raise ArgumentTypeError(f"{len(text)} characters, at most {_LONGEST}; say where the rest can be read")
    if not text.strip():
        raise ArgumentTypeError("nothing stands there; who asks later has to find out why")
    return text


def run(args: Namespace) -> int:
    """0 done; `list` gives 1 while complaints are open."""
    settings = settings_of(args)
    with open_store(settings) as store:
        return _ACTIONS[args.action](store, args, site_of(settings))


def _add(store: Store, args: Namespace, site: Site) -> int:
    from concierge.commands.consent import number_of
    from models.complaints import complaint, record

    number, now, who = number_of(args.number, site), datetime.now(UTC), _user()
    made = complaint(uuid4(), number, args.about, args.text, now, args.source, who)
    record(store, made)
    return _print(store, made, args)


def _all(store: Store) -> list[Complaint]:
    from models.complaints import complaints

    return complaints(store)


def _list(store: Store, args: Namespace, _site: Site) -> int:
    found = [(one, answer) for one, answer in _all(store) if args.all or answer is None]
    for one, answer in found:
        facts = _facts(one, answer)
        print(json.dumps(facts) if args.format == "json" else one_line(_line(facts)))
    return 1 if any(answer is None for _, answer in found) else 0


def _find(store: Store, identity: str) -> Complaint:
    found = [one for one in _all(store) if len(identity) >= 4 and str(one.said.event_id).startswith(identity.lower())]
    if len(found) != 1:
        what = f"begins {len(found)} complaints" if found else "begins no complaint's ID (four characters at least)"
        raise UserError(f"{identity!r} {what}; `concierge complaint list --all` shows them")
    return found[0]


def _show(store: Store, args: Namespace, _site: Site) -> int:
    return _print(store, _find(store, args.id).said, args)


def _answer(store: Store, args: Namespace, _site: Site) -> int:
    """The same answer again changes nothing."""
    from models.complaints import answer
    from models.facts import record

    said, known = _find(store, args.id)
    made = answer(said, args.text, datetime.now(UTC), "cli", _user())
    if known is not None and known.event_id != made.event_id:
        raise UserError(
            f"{str(said.event_id)[:8]}: it was answered on {known.at:%Y-%m-%d} in other words; nothing was changed"
        )
    record(store, [made])
    print(f"{str(said.event_id)[:8]}: answered")
    return 0


def dossier(store: Store, number: int) -> dict[str, Any]:
    """Everything that is kept of a number: contacts, checks, consents, opt-outs, complaints. Raises StoreError."""
    from sqlalchemy import select

    from models import contacts as rows
    from models.facts import read
    from models.tables import contact

    kinds = ("grant", "withdraw", "complaint", "answered")
    with store.reading() as connection:
        found = connection.execute(select(*rows.COLUMNS).where(contact.c.number == number).order_by(contact.c.at)).all()
    return {
        "number": f"+{number}",
        "contacts": [_contact(rows.contact_of(row)) for row in found],
        "checks": [_check(row) for row in store.checks(number)],
        "facts": [_fact(one) for one in read(store, *kinds, number=number)],
        "listings": [
            {"at": one.at.isoformat(), "kind": one.kind.value, "campaign": one.campaign, "reason": one.reason}
            for one in store.events(number)
        ],
    }


def _contact(one: Any) -> dict[str, Any]:
    return {
        "at": one.at.isoformat(),
        "campaign": one.campaign,
        "state": one.state.value,
        "outcome": one.outcome,
        "consent": one.consent or None,
        "site": one.site,
    }


def _check(row: dict[str, Any]) -> dict[str, Any]:
    from models.tables import from_micros

    kept = {key: row[key] for key in ("campaign", "verdict", "reason", "detail", "via", "uniqueid")}
    return {"at": from_micros(row["at"]).isoformat(), **kept}


def _fact(one: Fact) -> dict[str, Any]:
    return {"at": one.at.isoformat(), "kind": one.kind, "subject": one.subject, "source": one.source, **dict(one.body)}


def _facts(one: Fact, answer: Fact | None) -> dict[str, Any]:
    return {
        "id": str(one.event_id),
        "at": one.at.isoformat(),
        "number": f"+{one.number}",
        "about": one.body.get("about", ""),
        "text": one.body.get("text", ""),
        "answered": None if answer is None else answer.at.isoformat(),
    }


def _line(facts: dict[str, Any]) -> str:
    state = "open" if facts["answered"] is None else f"answered {facts['answered']}"
    return "\t".join((facts["id"][:8], facts["at"], facts["number"], state, facts["about"]))


def _print(store: Store, one: Fact, args: Namespace) -> int:
    answer = next((answer for other, answer in _all(store) if other.event_id == one.event_id), None)
    facts, file = _facts(one, answer), dossier(store, one.number or 0)
    if args.format == "json":
        print(json.dumps({"complaint": facts, "dossier": file}, ensure_ascii=False))
        return 0
    say(_line(facts))
    for name in ("contacts", "checks", "facts", "listings"):
        print(f"{name}: {len(file[name])}")
        for row in file[name]:
            say("  " + ", ".join(f"{key} {value}" for key, value in row.items() if value not in ("", None)))
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


_ACTIONS = {"add": _add, "list": _list, "show": _show, "answer": _answer}
