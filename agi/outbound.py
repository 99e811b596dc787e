"""`/outbound`: may this number be called now? One command back: the verdict with the caller's nonce at its end.

The number is argument 1, else the variable OUTNUM (FreePBX), else the extension; argument 2 is the nonce; the
campaign is argument 3, else `?campaign=…`; argument 4 is `pending` when the PBX keeps a key press of this person;
argument 6 is the PBX's name, where it has one. What is behind is what is known of that person
(`zone=Europe/Warsaw&person=17`, see models.rules.Lead): last, for it may have commas and brackets, which are Asterisk's
own; contexts of earlier versions have it as argument 5.

The answer is one channel variable:

    CONCIERGE_ANSWER = VERDICT!reason!entry!last contact!contacts in 30 days!E.164 digits!nonce[!permit]

Of a campaign that has rules, what an agent should know comes before it (see `models.past`):

    CONCIERGE_HISTORY = last contact!its campaign!its outcome!contacts in 30 days!callback promised!refusals!source!next
                        !owner, on one line

What the campaign asks of an allowed call comes before it too, when it asks anything (see `models.demands`):

    CONCIERGE_DEMANDS = number to show!after an opt-out!folder of prompts!&prompt=sound&…[!features of its opt-out keys]

Only the whole text with the right nonce counts: a crash, a cut line, a stale value or another server leave something
else there, and the dialplan takes anything else as a refusal. The permit goes to the legs of an allowed call.
"""

from __future__ import annotations

from dataclasses import fields
from typing import cast
from urllib.parse import parse_qsl

from agi.handlers import Ask, GetVariable, Handling, Outcome, SetVariable, nonce_of
from agi.protocol import Environment
from models.contact import Answer, Question
from models.demands import demands_of
from models.number import Number, masked
from models.number.peer import dialled_in
from models.past import past_of, told
from models.rules import NO_LEAD, Lead

_LEAD = frozenset(one.name for one in fields(Lead))
ANSWER = "CONCIERGE_ANSWER"
HISTORY = "CONCIERGE_HISTORY"
DEMANDS = "CONCIERGE_DEMANDS"


def outbound(environment: Environment, via: str = "agi") -> Handling:
    """Ask the gate and tell the dialplan."""
    dialled = of_peer(environment.argument(1))
    if not dialled:
        dialled = cast(str, (yield GetVariable("OUTNUM"))) or environment.get("extension")
    campaign = environment.argument(3) or environment.query.get("campaign", "")
    answer = cast(Answer, (yield Ask(_question(environment, dialled, campaign, via))))
    if answer.case is not None and answer.case.campaign is not None:
        yield SetVariable(HISTORY, history(answer))
        asked = demands(answer)
        if asked:
            yield SetVariable(DEMANDS, asked)
    yield SetVariable(ANSWER, token(answer, nonce_of(environment.argument(2))))
    return outcome(answer)


def of_peer(text: str) -> str:
    """`peer:` with a leg's DIALEDPEERNUMBER -> what is dialled in it; any other text as it is."""
    return dialled_in(text.removeprefix("peer:")) if text.startswith("peer:") else text


def _question(environment: Environment, dialled: str, campaign: str, via: str) -> Question:
    known = environment.argument(5) or ",".join(environment.arguments[6:])
    return Question(
        dialled,
        campaign,
        via,
        environment.get("callerid"),
        environment.get("channel"),
        environment.get("uniqueid"),
        environment.argument(4) == "pending",
        lead_of(known) if known else NO_LEAD,
        environment.argument(6),
    )


def lead_of(text: str) -> Lead:
    """`zone=Europe/Warsaw&person=17`: what is not known here is left out; a value is at most 100 characters."""
    pairs = dict(parse_qsl(text, errors="replace"))
    return Lead(**{key: value[:100] for key, value in pairs.items() if key in _LEAD})


def token(answer: Answer, nonce: str) -> str:
    """What the dialplan compares and takes apart."""
    decision, history = answer.decision, answer.history
    last = f"{history.last_at:%Y-%m-%dT%H:%M:%SZ} {history.last_campaign}".rstrip() if history.last_at else ""
    number = str(answer.destination.e164) if isinstance(answer.destination, Number) else ""
    entry = str(decision.entry.id) if decision.entry else ""
    count = str(history.within_30_days)
    parts = [decision.verdict.value, decision.reason.value, entry, last, count, number, nonce]
    return "!".join([*parts, answer.permit] if answer.permit else parts)


def history(answer: Answer) -> str:
    """The history, and of a refusal when the call may be placed."""
    assert answer.case is not None  # noqa: S101 - asked by the caller
    next_at = answer.decision.next_at
    found = told(past_of(answer.case, answer.at, answer.history))
    owner = found.pop("owner")
    return "!".join([*found.values(), f"{next_at:%Y-%m-%dT%H:%M:%SZ}" if next_at else "", owner])


def demands(answer: Answer) -> str:
    """What the campaign asks of the call, when it is allowed."""
    assert answer.case is not None and answer.case.campaign is not None  # noqa: S101 - asked by the caller
    if not answer.decision.allowed or not isinstance(answer.destination, Number):
        return ""
    return demands_of(answer.case.campaign, answer.destination.e164)


def outcome(answer: Answer) -> Outcome:
    """The fields of the canonical log line; the number masked."""
    decision = answer.decision
    number = masked(answer.destination.e164) if isinstance(answer.destination, Number) else ""
    fields = {
        "reason": decision.reason.value,
        "detail": decision.detail,
        "number": number,
        "campaign": answer.question.campaign,
        "entry": decision.entry.id if decision.entry else "",
    }
    return Outcome(decision.verdict.value.lower(), fields)
