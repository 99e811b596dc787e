"""PURE: the only place where an outbound call is allowed or refused.

"I could not find out" is a value (`Unavailable`), so that a decision which forgets it fails the type check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from models.number import NotANumber, Number, Why
from models.rules import Case, Ground, Step, consent_of, opening, rules_of, strongest
from models.suppression import ALL, Entry, is_campaign_name


class Verdict(StrEnum):
    """What the dialplan is told."""

    ALLOW = "ALLOW"
    REFUSE = "REFUSE"


class Reason(StrEnum):
    """Stable words: they appear in channel variables, evidence, logs and names of prompts."""

    NOT_LISTED = "not-listed"
    EMERGENCY = "emergency"
    SHORT_CODE = "short-code"
    INTERNAL = "internal"
    ALLOWED_IN_RANGE = "allowed-in-range"
    LISTED = "listed"
    LISTED_FOR_CAMPAIGN = "listed-for-campaign"
    NUMBER_UNREADABLE = "number-unreadable"
    OPT_OUT_PENDING = "opt-out-pending"
    CAMPAIGN_UNREADABLE = "campaign-unreadable"
    CAMPAIGN_MISSING = "campaign-missing"
    LIST_UNAVAILABLE = "list-unavailable"
    LIST_STALE = "list-stale"
    EVIDENCE_UNAVAILABLE = "evidence-unavailable"
    LISTED_IN_REGISTRY = "listed-in-registry"
    REGISTRY_STALE = "registry-stale"
    REGISTRY_UNAVAILABLE = "registry-unavailable"
    POLICY_UNAVAILABLE = "policy-unavailable"
    CAPS_UNAVAILABLE = "caps-unavailable"
    CAMPAIGN_UNKNOWN = Ground.CAMPAIGN_UNKNOWN.value
    CAMPAIGN_PAUSED = Ground.CAMPAIGN_PAUSED.value
    REASON_MISSING = Ground.REASON_MISSING.value
    SOURCE_MISSING = Ground.SOURCE_MISSING.value
    OWNER_MISSING = Ground.OWNER_MISSING.value
    CONSENT_WITHDRAWN = Ground.CONSENT_WITHDRAWN.value
    CONSENT_EXPIRED = Ground.CONSENT_EXPIRED.value
    CONSENT_MISSING = Ground.CONSENT_MISSING.value
    CAP_REACHED = Ground.CAP_REACHED.value
    ZONE_UNKNOWN = Ground.ZONE_UNKNOWN.value
    DAY_NOT_ALLOWED = Ground.DAY_NOT_ALLOWED.value
    HOLIDAY = Ground.HOLIDAY.value
    OUTSIDE_HOURS = Ground.OUTSIDE_HOURS.value


@dataclass(frozen=True, slots=True)
class Listed:
    """The list was read and has entries of this number (of any scope, in force or not)."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class NotListed:
    """The list was read and has no entry of this number."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The list could not be read; `why` is for the administrator. `passing`: asking again soon may help."""

    why: str
    passing: bool = False


Knowledge = Listed | NotListed | Unavailable


def both(one: Knowledge, other: Knowledge) -> Knowledge:
    """What is known of two numbers taken together: unavailable before listed before not listed."""
    if isinstance(one, Unavailable) or isinstance(other, NotListed):
        return one
    if isinstance(other, Unavailable) or isinstance(one, NotListed):
        return other
    return Listed(one.entries + other.entries)


class RegistryState(StrEnum):
    """Why a national registry stands against a call, the strongest reason first."""

    LISTED = "listed-in-registry"
    UNAVAILABLE = "registry-unavailable"
    STALE = "registry-stale"


@dataclass(frozen=True, slots=True)
class Registered:
    """What one national registry has against a call; the detail names it and its day."""

    registry: str
    state: RegistryState
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator has chosen.

    `require_campaign`: a call that names no campaign is refused. `refuse_stale`: a registry that is too old stops the
    calls to its country; `refuse_stale_list`: a list that has not heard of the other sites for too long stops all;
    else they go out with a warning.
    """

    require_campaign: bool = False
    refuse_stale: bool = True
    refuse_stale_list: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may this number be called now?"; `entry` is the one that decided, `detail` is for people.

    `next_at`: of a refusal, the first moment at which the call may be placed, if nothing else happens meanwhile.
    `consent`: the event that an allowed call rests on.
    """

    verdict: Verdict
    reason: Reason
    detail: str = ""
    entry: Entry | None = None
    next_at: datetime | None = None
    consent: int = 0

    @property
    def allowed(self) -> bool:
        """May the call be placed?"""
        return self.verdict is Verdict.ALLOW


_FREE = {
    Why.EMERGENCY: Reason.EMERGENCY,
    Why.SHORT_CODE: Reason.SHORT_CODE,
    Why.INTERNAL: Reason.INTERNAL,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one call, whenever it is placed. `registered`: what national registries say of the number;
    `stale`: why this host's list may lack what other sites have recorded; `case`: of a campaign that has rules."""

    destination: Number | NotANumber
    campaign: str
    known: Knowledge
    rules: Rules
    registered: Sequence[Registered] = ()
    stale: str = ""
    case: Case | None = None


def may_call(
    destination: Number | NotANumber,
    campaign: str,
    known: Knowledge,
    at: datetime,
    rules: Rules,
    registered: Sequence[Registered] = (),
    stale: str = "",
) -> Decision:
    """May this destination be called now, for this campaign (`""`: none named), as far as lists are concerned?

    An emergency number is never refused, whatever else is wrong. Nothing but a list that was read allows a
    call to a subscriber.
    """
    decision = _by_list(destination, campaign, known, at, rules)
    if not decision.allowed or isinstance(destination, NotANumber):
        return decision
    if stale:
        decision = _by_age(decision, stale, rules)
    return _by_registries(decision, registered, rules) if registered and decision.allowed else decision


def decide(facts: Facts, at: datetime) -> Decision:
    """The whole answer at one moment: the lists, and every rule of the campaign."""
    listed = _listed(facts, at)
    if isinstance(facts.destination, NotANumber):
        return listed
    if facts.case is None:
        return listed if listed.allowed else replace(listed, next_at=opening([_Lists(facts)], at))
    rules = rules_of(facts.case)
    worst = strongest([rule.step(at) for rule in rules if not rule.allows(at)])
    if listed.allowed and worst is None:
        return replace(listed, consent=consent) if (consent := consent_of(rules, at)) else listed
    if listed.allowed and worst is not None:
        listed = refuse(Reason(worst.ground or ""), worst.detail)
    return replace(listed, next_at=opening([_Lists(facts), *rules], at))


def explain(facts: Facts, at: datetime) -> list[Step]:
    """Each rule in order, with its verdict and the data used. All allow if and only if `decide` does."""
    if isinstance(facts.destination, NotANumber):
        return [_told("number", _without_number(facts.destination))]
    number = Step("number", True, facts.destination.text)
    steps = [number, _told("list", _by_list(facts.destination, facts.campaign, facts.known, at, facts.rules))]
    if facts.stale:
        steps.append(_told("other sites", _by_age(_FREE_OF_LISTS, facts.stale, facts.rules)))
    if facts.registered:
        steps.append(_told("registries", _by_registries(_FREE_OF_LISTS, facts.registered, facts.rules)))
    return steps if facts.case is None else [*steps, *(rule.step(at) for rule in rules_of(facts.case))]


def _listed(facts: Facts, at: datetime) -> Decision:
    return may_call(facts.destination, facts.campaign, facts.known, at, facts.rules, facts.registered, facts.stale)


def _told(rule: str, decision: Decision) -> Step:
    entry = f" (entry {decision.entry.id})" if decision.entry else ""
    detail = f"{decision.reason.value}{entry}" + (f": {decision.detail}" if decision.detail else "")
    return Step(rule, decision.allowed, detail, None if decision.allowed else decision.reason)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists as a rule: entries end, the rest stays as it is."""

    facts: Facts
    name: str = "lists"

    def allows(self, at: datetime) -> bool:
        """Do the lists let it go?"""
        return _listed(self.facts, at).allowed

    def opens(self, at: datetime) -> datetime | None:
        """At an entry's end, or now."""
        known = self.facts.known
        ends = [one.expires_at for one in known.entries if one.expires_at] if isinstance(known, Listed) else []
        for moment in (at, *sorted(end for end in ends if end > at)):
            if _listed(self.facts, moment).allowed:
                return moment
        return None

    def step(self, at: datetime) -> Step:
        """As the lists have it."""
        return _told(self.name, _listed(self.facts, at))


def _by_age(decision: Decision, stale: str, rules: Rules) -> Decision:
    if rules.refuse_stale_list:
        return refuse(Reason.LIST_STALE, stale)
    return _warned(decision, stale)


def _warned(decision: Decision, why: str) -> Decision:
    return replace(decision, detail=f"{decision.detail}; {why}".removeprefix("; "))


def _by_registries(decision: Decision, registered: Sequence[Registered], rules: Rules) -> Decision:
    states = list(RegistryState)
    worst = min(registered, key=lambda one: states.index(one.state))
    if worst.state is RegistryState.STALE and not rules.refuse_stale:
        return _warned(decision, worst.detail)
    return refuse(Reason(worst.state.value), worst.detail)


def _by_list(destination: Number | NotANumber, campaign: str, known: Knowledge, at: datetime, rules: Rules) -> Decision:
    if isinstance(destination, NotANumber):
        return _without_number(destination)
    if campaign and not is_campaign_name(campaign):
        return refuse(Reason.CAMPAIGN_UNREADABLE, "letters, digits, _ . - only, at most 64")
    if rules.require_campaign and not campaign:
        return refuse(Reason.CAMPAIGN_MISSING, "gate.require_campaign is set")
    match known:
        case Unavailable(why):
            return refuse(Reason.LIST_UNAVAILABLE, why)
        case NotListed():
            return allow(Reason.NOT_LISTED)
        case Listed(entries):
            return _weigh(entries, campaign, at)
        case _:
            assert_never(known)


def allow(reason: Reason, detail: str = "") -> Decision:
    """A decision that lets the call go."""
    return Decision(Verdict.ALLOW, reason, detail)


def refuse(reason: Reason, detail: str = "", entry: Entry | None = None) -> Decision:
    """A decision that stops the call."""
    return Decision(Verdict.REFUSE, reason, detail, entry)


def _without_number(destination: NotANumber) -> Decision:
    reason = _FREE.get(destination.why)
    if reason is not None:
        return allow(reason, destination.detail)
    return refuse(Reason.NUMBER_UNREADABLE, f"{destination.why.value}: {destination.detail}".rstrip(": "))


_FREE_OF_LISTS = allow(Reason.NOT_LISTED)


def _frees(free: Entry, stopping: Entry) -> bool:
    """Of two ranges the narrower one knows better; what a person has asked for about one number is never overruled."""
    return stopping.width > 1 and free.width < stopping.width and stopping.contains(free)


def _weigh(entries: tuple[Entry, ...], campaign: str, at: datetime) -> Decision:
    """The entry for all campaigns decides before one for this campaign; both must be in force."""
    holding = [entry for entry in entries if entry.holds(at) and entry.covers(campaign)]
    free = [entry for entry in holding if entry.allow]
    stopping = [entry for entry in holding if not entry.allow]
    left = [entry for entry in stopping if not any(_frees(one, entry) for one in free)]
    if not stopping:
        return allow(Reason.NOT_LISTED, f"{len(entries)} entries, none in force for this call")
    if not left:
        return Decision(Verdict.ALLOW, Reason.ALLOWED_IN_RANGE, free[0].reason, free[0])
    entry = min(left, key=lambda entry: (entry.campaign, entry.width))
    reason = Reason.LISTED if entry.campaign == ALL else Reason.LISTED_FOR_CAMPAIGN
    return refuse(reason, entry.reason, entry)
