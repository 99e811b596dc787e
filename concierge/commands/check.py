"""`concierge check NUMBER`: the same decision as the AGI hook, for people."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from concierge.leads import add_lead, lead_of
from concierge.plain import one_line
from concierge.wiring import add_config, add_format, judge_of, prepare_store, settings_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.contact import Answer
    from models.rules import Step


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("number", help="as it would be dialled here")
    parser.add_argument("--campaign", default="", metavar="NAME")
    parser.add_argument("--at", type=moment, metavar="TIME", help="ISO 8601 with a zone; default: now")
    parser.add_argument("--explain", action="store_true", help="print each rule in order, its verdict and its data")
    add_lead(parser)
    add_config(parser)
    add_format(parser)


def moment(text: str) -> datetime:
    """ISO 8601 with an offset -> aware datetime (argparse type)."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-11-23T12:00:00+01:00") from error
    if not 1900 <= found.year < 3000:  # rules look back and ahead, and a calendar has ends
        raise ArgumentTypeError(f"{text!r}: give a time in the years 1900 to 2999")
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no zone; add +01:00 or Z")
    return found.astimezone(UTC)


def run(args: Namespace) -> int:
    """0 allowed, 1 refused. Nothing is dialled; the check leaves evidence like any other."""
    from models.contact import Question
    from models.store import Store

    settings = settings_of(args)
    path = prepare_store(settings)
    judge = judge_of(settings, path)
    question = Question(args.number, args.campaign, "cli", _user(), lead=lead_of(args.lead))
    answer = _everywhere(settings, judge.answer_patiently(question, args.at))
    _leave_evidence(Store, path, answer)
    facts = facts_of(answer)
    if args.explain:
        facts["rules"] = [_rule(step) for step in judge.explained(question, answer.at)]
        if not answer.decision.allowed and all(one["verdict"] == "allow" for one in facts["rules"]):
            why = {"reason": answer.decision.reason.value, "detail": answer.decision.detail}
            facts["rules"].append({"rule": "caps of all sites", "verdict": "refuse", **why})
    print(json.dumps(facts, ensure_ascii=False) if args.format == "json" else _text(facts))
    return 0 if answer.decision.allowed else 1


def _everywhere(settings: Settings, answer: Answer) -> Answer:
    """What the caps of all sites say of an allowed call, with their history; nothing is reserved."""
    if not answer.decision.allowed or answer.case is None or answer.case.campaign is None:
        return answer
    from contextlib import closing

    from concierge.counting import shared_of, taken
    from models.errors import FeedError

    if (shared := shared_of(settings)) is None:
        return answer
    with closing(shared):
        try:
            return taken(answer, shared.look(answer.case, answer.at))
        except FeedError as error:
            print(f"concierge: only this host's contacts are known, and caps hold for all: {error}", file=sys.stderr)
            return answer


def _leave_evidence(store_type: Any, path: Any, answer: Answer) -> None:
    from concierge.privacy import access_of
    from models.access import note
    from models.errors import StoreError
    from models.number import Number

    number = answer.destination.e164 if isinstance(answer.destination, Number) else None
    try:
        store = store_type(path)
        store.write_checks([answer])
        campaign = f"for campaign {answer.question.campaign}" if answer.question.campaign else ""
        note(store, access_of("check", campaign, number, 1))
        store.close()
    except StoreError as error:
        print(f"concierge: no evidence of this check was kept: {error}", file=sys.stderr)


def facts_of(answer: Answer) -> dict[str, Any]:
    """What a person or a program wants to know of an answer."""
    from models.number import Number

    decision, entry = answer.decision, answer.decision.entry
    return {
        "verdict": "allow" if decision.allowed else "refuse",
        "reason": decision.reason.value,
        "detail": decision.detail,
        "number": answer.destination.text if isinstance(answer.destination, Number) else None,
        "campaign": answer.question.campaign,
        "entry": entry.id if entry else None,
        "last_contact": answer.history.last_at.isoformat() if answer.history.last_at else None,
        "last_campaign": answer.history.last_campaign or None,
        "contacts_30d": answer.history.within_30_days,
        "at": answer.at.isoformat(),
        "next": decision.next_at.isoformat() if decision.next_at else None,
        "consent": decision.consent or None,
        "history": _history(answer),
    }


def _history(answer: Answer) -> dict[str, str] | None:
    """Of a campaign that has rules; None: no more is known than what stands above."""
    if answer.case is None or answer.case.campaign is None:
        return None
    from models.past import past_of, told

    return told(past_of(answer.case, answer.at, answer.history))


def _rule(step: Step) -> dict[str, Any]:
    return {
        "rule": step.rule,
        "verdict": "allow" if step.allowed else "refuse",
        "reason": None if step.ground is None else step.ground.value,
        "detail": step.detail,
    }


def _text(facts: dict[str, Any]) -> str:
    words = [facts["verdict"], facts["reason"]]
    if facts["entry"] is not None:
        words.append(f"entry {facts['entry']}")
    if facts["detail"]:
        words.append(f"({facts['detail']})")
    lines = [" ".join([*words, facts["number"] or ""]).rstrip()]
    if facts["next"] is not None:
        lines[0] += f", not before {facts['next']}"
    lines += [
        f"  {one['verdict']:<6} {one['rule']}: {one['detail'] or one['reason'] or ''}".rstrip(": ")
        for one in facts.get("rules", ())
    ]
    if facts.get("rules") and facts["history"]:
        told = ", ".join(f"{key} {value}" for key, value in facts["history"].items() if value)
        lines.append(f"  history: {told}")
    return "\n".join(map(one_line, lines))


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
