"""`concierge consent add|withdraw|show|import|export`: who has agreed to be called about what, and the proof of it."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from concierge.commands.list import day, words
from concierge.errors import UserError
from concierge.lists.opening import open_store
from concierge.plain import say
from concierge.wiring import add_config, add_format, settings_of, site_of
from models.consent import CALL, CHANNELS
from models.until import end_of, told

if TYPE_CHECKING:
    from models.consent import ConsentEvent
    from models.number import Site
    from models.store import Store

_MORE = "cells without a name"
COLUMNS = ("number", "topic", "at", "source", "proof", "until", "channel", "act")


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="this person has agreed")
    withdraw = actions.add_parser("withdraw", help="this person has taken it back; holds from now on")
    for action in (add, withdraw):
        action.add_argument("number")
        action.add_argument("--topic", default="", help="purpose, product or campaign; without: everything")
        action.add_argument(
            "--channel", default=CALL, choices=CHANNELS, help="default: call, the one that calls ask for"
        )
        action.add_argument("--at", type=_moment, metavar="TIME", help="ISO 8601 with a zone; default: now")
        action.add_argument("--source", required=True, type=words, help="how it was said: web form, letter, call …")
        action.add_argument("--proof", default="", help="where the evidence is: a document, a recording")
    add.add_argument("--until", type=day, metavar="DATE", help="last day on which it holds")
    show = actions.add_parser("show", help="all that is known of one number, with the last use of each grant")
    show.add_argument("number")
    take = actions.add_parser("import", help=f"a CSV file with a header: {', '.join(COLUMNS)}")
    take.add_argument("file", metavar="FILE")
    take.add_argument("--source", default="", help="for rows that have none")
    take.add_argument("--dry-run", action="store_true", help="only say what would be refused, and why")
    export = actions.add_parser("export", help="every grant and withdrawal as CSV")
    for action in (add, withdraw, show, take, export):
        add_config(action)
    add_format(show)


def _moment(text: str) -> datetime:
    from concierge.commands.check import moment

    return moment(text)


def run(args: Namespace) -> int:
    """0 done; 1 nothing is known of the number, or rows of a file were refused."""
    settings = settings_of(args)
    with open_store(settings) as store:
        return _ACTIONS[args.action](store, args, site_of(settings))


def number_of(text: str, site: Site) -> int:
    """E.164. Raises UserError."""
    from models.number import NotANumber, interpret

    found = interpret(text, site)
    if isinstance(found, NotANumber):
        raise UserError(f"{text!r}: {found.why.value}: {found.detail}")
    if found.also:
        raise UserError(f"{text!r} can be read as more than one number; write it with + and the country code")
    return found.e164


def _record(store: Store, args: Namespace, site: Site) -> int:
    from models.consent import Act, ConsentEvent, Standing, standing
    from models.facts import CONSENTS, dated, fact_of, read, record
    from models.withdrawal import consents_of

    act = Act.GRANT if args.action == "add" else Act.WITHDRAW
    now = datetime.now(UTC)
    if args.at and args.at > now:
        raise UserError(f"--at {args.at.isoformat()}: that is in the future")
    until = end_of(args.until) if act is Act.GRANT else None
    number = number_of(args.number, site)
    at = args.at or dated(now, read(store, *CONSENTS, number=number))
    if until is not None and until <= at:
        raise UserError(f"--until {args.until}: that day is over when it is said; nothing was recorded")
    topic, who = args.topic.lower(), _user()
    event = ConsentEvent(uuid4(), act, number, at, args.source, topic, args.channel, args.proof, who, until)
    record(store, [fact_of(event)])
    said = "has agreed" if act is Act.GRANT else "has taken it back"
    print(f"+{number}: {said}, {topic or 'everything'}")
    stands = standing(consents_of(store, number), (topic,), now, args.channel)
    if act is Act.WITHDRAW and stands.standing is Standing.GIVEN and stands.event is not None:
        print(f"  but a later consent stands, of {stands.event.at:%Y-%m-%d %H:%M}Z by {stands.event.source}")
    return 0


def _show(store: Store, args: Namespace, site: Site) -> int:
    from models.withdrawal import consents_of

    number = number_of(args.number, site)
    found = consents_of(store, number)
    used = _uses(store, number)
    for one in found:
        facts = _facts(one) | {"id": one.id or None, "last_used": used.get(one.id), "by": one.actor}
        facts["keep_until"] = _keep_until(one, used.get(one.id))
        if args.format == "json":
            print(json.dumps(facts, ensure_ascii=False))
        else:
            facts["until"] = told(one.expires_at) if one.expires_at else ""
            say("\t".join(f"{key}={value}" for key, value in facts.items() if value not in ("", None)))
    return 0 if found else 1


def _uses(store: Store, number: int) -> dict[int, str]:
    """The last contact that rested on each grant."""
    from sqlalchemy import func, select

    from models.tables import contact, from_micros

    query = select(contact.c.consent, func.max(contact.c.at)).where(contact.c.number == number)
    with store.reading() as connection:
        rows = connection.execute(query.group_by(contact.c.consent)).all()
    return {row[0]: from_micros(row[1]).isoformat() for row in rows if row[0]}


def _keep_until(one: ConsentEvent, used: str | None) -> str | None:
    """How long the law of the called country wants the proof kept: from the grant and from each use."""
    from models.countries import country
    from models.zones import country_of

    law = country(country_of(one.number))
    if law is None or law.keep_consent_years is None:
        return None
    last = (max(one.at, datetime.fromisoformat(used)) if used else one.at).date()
    try:
        return last.replace(year=last.year + law.keep_consent_years).isoformat()
    except ValueError:  # 29 February
        return last.replace(year=last.year + law.keep_consent_years, month=3, day=1).isoformat()


def _facts(one: ConsentEvent) -> dict[str, Any]:
    return {
        "number": f"+{one.number}",
        "topic": one.topic,
        "at": one.at.isoformat(),
        "source": one.source,
        "proof": one.proof,
        "until": one.expires_at.isoformat() if one.expires_at else "",
        "channel": one.channel,
        "act": one.act.value,
    }


def _import(store: Store, args: Namespace, site: Site) -> int:
    from models.facts import fact_of, record

    found, mistakes = [], []
    for line, row in _rows(args.file):
        try:
            found.append((line, _event(row, args, site)))
        except ValueError as error:
            mistakes.append((line, str(error)))
    good, others = _with_one_end(store, found)
    mistakes += others
    for line, why in sorted(mistakes):
        print(f"{args.file}:{line}: {why}", file=sys.stderr)
    if args.dry_run:
        print(f"{len(good)} rows can be recorded, {len(mistakes)} cannot; nothing was recorded")
    else:
        new = record(store, [fact_of(one) for one in good])
        print(f"{new} recorded, {len(good) - new} known before, {len(mistakes)} refused")
    return 1 if mistakes else 0


def _with_one_end(
    store: Store, found: list[tuple[int, ConsentEvent]]
) -> tuple[list[ConsentEvent], list[tuple[int, str]]]:
    """Those with the end that the same consent has, and why not the others: what is recorded is not edited."""
    from models.facts import by_ids, consent_of

    known = {key: consent_of(one) for key, one in by_ids(store, [one.event_id for _, one in found]).items()}
    good, others = [], []
    for line, one in found:
        before = known.setdefault(one.event_id, one)
        if before.expires_at == one.expires_at:
            good.append(one)
            continue
        end = told(before.expires_at) if before.expires_at else "it is taken back"
        others.append((line, f"the same consent is recorded until {end}; withdraw it, or give a new one its own `at`"))
    return good, others


def _rows(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    import csv

    try:
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey=_MORE)
            unknown = set(reader.fieldnames or ()) - set(COLUMNS)
            twice = len(set(reader.fieldnames or ())) < len(reader.fieldnames or ())
            if "number" not in (reader.fieldnames or ()) or unknown or twice:
                raise UserError(f"{name}: expected a header with number and any of {', '.join(COLUMNS[1:])}, each once")
            for row in reader:
                yield reader.line_num, {key: str(value or "").strip() for key, value in row.items()}
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except csv.Error as error:
        raise UserError(f"{name}: {error}") from error


def _event(row: dict[str, str], args: Namespace, site: Site) -> ConsentEvent:
    """The same row is the same fact. Raises ValueError."""
    from models.consent import Act, ConsentEvent
    from models.exchange.intake import moment as ends

    if _MORE in row:
        raise ValueError("more cells than the header has names; a text with a comma in it needs quotes")
    try:
        number = number_of(row["number"], site)
        at = _moment(row.get("at") or "")
        until = ends(row.get("until") or "", late=True)
    except (UserError, ArgumentTypeError) as error:
        raise ValueError(str(error)) from error
    if isinstance(until, str):
        raise ValueError(f"until {row['until']!r}: {until}")
    source = row.get("source") or args.source
    if not source:
        raise ValueError("no source: name one in its column, or with --source")
    if at > datetime.now(UTC):
        raise ValueError(f"{at.isoformat()} is in the future")
    topic, channel = row.get("topic", "").lower(), (row.get("channel") or CALL).lower()
    if channel not in CHANNELS:
        raise ValueError(f"channel {channel!r} is none of {', '.join(CHANNELS)}")
    if (said_act := row.get("act") or "grant") not in set(Act):
        raise ValueError(f"act {said_act!r} is none of {', '.join(Act)}")
    act = Act(said_act)
    said = "\n".join((str(number), topic, channel, act.value, at.isoformat(), source))
    return ConsentEvent(_identity(said), act, number, at, source, topic, channel, row.get("proof", ""), _user(), until)


def _identity(said: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"concierge:consent:{said}")


def _export(store: Store, _args: Namespace, _site: Site) -> int:
    import csv

    from models.facts import CONSENTS, consent_of, read

    found = [consent_of(one) for one in read(store, *CONSENTS)]
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in found:
        writer.writerow(_facts(one))
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


_ACTIONS = {"add": _record, "withdraw": _record, "show": _show, "import": _import, "export": _export}
