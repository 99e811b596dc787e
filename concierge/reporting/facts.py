"""Figures -> values of JSON, rows of CSV, lines of text and of Prometheus. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from models.abandoned import Rate, told_of
from models.figures import Figures

VERSION = 1
_MATTERS = {"promise": "callbacks promised", "followup": "follow-ups"}


def facts_of(found: Figures, abandoned: Sequence[Rate] = ()) -> dict[str, Any]:
    """As JSON has it. `abandoned`: shares of calls that were answered with nobody there, at the end of the time."""
    facts = asdict(found)
    reception = facts["reception"] | {"service_level": found.reception.service_level}
    return facts | {
        "version": VERSION,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "target": found.target / timedelta(seconds=1),
        "campaigns": _pairs(found.campaigns),
        "hours": {at.isoformat(): pair for at, pair in _pairs(found.hours).items()},
        "reception": reception,
        "abandoned": [told_of(one) | {"above": one.above} for one in abandoned],
    }


def _pairs(counts: Mapping[Any, tuple[int, int]]) -> dict[Any, dict[str, int]]:
    return {key: {"allowed": one[0], "refused": one[1]} for key, one in sorted(counts.items())}


def rows_of(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Figure, of what, value: for CSV and the table of the page."""
    for name in ("allowed", "refused"):
        yield f"calls {name}", "", str(facts[name])
    for reason, count in _most(facts["reasons"]):
        yield "calls refused because", reason, str(count)
    for campaign, pair in facts["campaigns"].items():
        yield "calls allowed in campaign", campaign or "(none)", str(pair["allowed"])
        yield "calls refused in campaign", campaign or "(none)", str(pair["refused"])
    for campaign, states in sorted(facts["contacts"].items()):
        for state, count in _most(states):
            yield f"contacts, {state}, in campaign", campaign or "(none)", str(count)
    for one in facts["abandoned"]:
        of = f"{one['campaign']} {one['country']}"
        told = f"{one['percent']:.2f} %{', too many' if one['above'] else ''}"
        yield f"answered with nobody there in {one['days']} days, at most {one['most']:g} %", of, told
    for kind, states in sorted(facts["callbacks"].items()):
        for state, count in _most(states):
            yield f"{_MATTERS.get(kind, kind)}, now", state, str(count)
    for campaign, count in _most(facts["opt_outs"]):
        yield "opt-outs by key in campaign", campaign or "(none)", str(count)
    for source, count in _most(facts["listed"]):
        yield "numbers listed, source", source, str(count)
    yield "numbers listed by imports", "", str(facts["imported"])
    yield "entries taken back", "", str(facts["removed"])
    for reason, count in _most(facts["bypasses"]):
        yield "calls round the gate", reason, str(count)
    yield "calls round the gate hung up", "", str(facts["hung_up"])
    yield "gaps of the listener", "", str(facts["gaps"])
    yield "gaps not reconciled", "", str(facts["gaps_open"])
    yield "gaps, seconds", "", f"{facts['gap_seconds']:.1f}"
    yield from _reception(facts["reception"], facts["target"])


def _reception(told: dict[str, Any], target: float) -> Iterator[tuple[str, str, str]]:
    yield "callers", "", str(told["callers"])
    yield "callers answered by a person", "", str(told["answered"])
    yield f"callers answered within {target:g} s", "", str(told["in_target"])
    if told["service_level"] is not None:
        yield f"share answered within {target:g} s", "", f"{100 * told['service_level']:.1f} %"
    yield "callers who gave up waiting", "", str(told["abandoned"])
    yield "callers who left in a menu", "", str(told["left_in_menu"])
    for name, title in (("average_wait", "average"), ("wait_90", "9 of 10 within"), ("longest_wait", "longest")):
        if told[name] is not None:
            yield "wait until answered, seconds", title, f"{told[name]:.1f}"
    for place, count in _most(told["by_menu"]):
        yield "left in menu", place, str(count)
    for reason, count in _most(told["by_guard"]):
        yield "handed to the operator by the guard", reason, str(count)


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


_GAUGES = (
    (
        "concierge_calls",
        "Calls that the gate decided about.",
        (("verdict", "allow", "allowed"), ("verdict", "refuse", "refused")),
    ),
    ("concierge_imported", "Numbers listed by imports.", (("", "", "imported"),)),
    ("concierge_entries_removed", "Entries taken back.", (("", "", "removed"),)),
    ("concierge_bypasses_hung_up", "Calls round the gate that were hung up.", (("", "", "hung_up"),)),
    ("concierge_gaps", "Gaps of the listener.", (("", "", "gaps"),)),
    ("concierge_gaps_open", "Gaps that are not reconciled.", (("", "", "gaps_open"),)),
    ("concierge_gap_seconds", "Seconds in which key presses may have gone unheard.", (("", "", "gap_seconds"),)),
)
_LABELLED = (
    ("concierge_refusals", "Calls refused, by reason.", "reason", "reasons"),
    ("concierge_opt_outs", "Opt-outs by key, by the campaign of the call.", "campaign", "opt_outs"),
    ("concierge_listed", "Numbers listed, by source.", "source", "listed"),
    ("concierge_bypasses", "Calls round the gate, by reason.", "reason", "bypasses"),
)
_CALLERS = (
    ("concierge_callers", "Callers.", "callers"),
    ("concierge_callers_answered", "Callers whom a person answered.", "answered"),
    ("concierge_callers_answered_in_target", "Callers answered within the target.", "in_target"),
    ("concierge_callers_abandoned", "Callers who gave up waiting.", "abandoned"),
    ("concierge_callers_left_in_menu", "Callers who left in a menu.", "left_in_menu"),
    ("concierge_wait_seconds_average", "Average wait until answered.", "average_wait"),
)


def prometheus(facts: dict[str, Any]) -> str:
    """Text exposition format 0.0.4, gauges of the reported time."""
    return "\n".join([*_gauges(facts), *_abandoned(facts["abandoned"]), *_callers(facts["reception"])]) + "\n"


def _gauges(facts: dict[str, Any]) -> Iterator[str]:
    for name, text, series in _GAUGES:
        yield from _head(name, text)
        for label, value, key in series:
            yield f"{name}{_label(label, value)} {facts[key]}"
    for name, text, label, key in _LABELLED:
        yield from _head(name, text)
        for value, count in _most(facts[key]):
            yield f"{name}{_label(label, value)} {count}"


def _abandoned(told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for name, text, key in (
        ("concierge_abandoned_percent", "Answered calls with nobody there, of a campaign to a country.", "percent"),
        ("concierge_abandoned_most_percent", "What the law of that country allows.", "most"),
        ("concierge_abandoned_above", "1 when it is more than that.", "above"),
    ):
        yield from _head(name, text)
        for one in told:
            labels = f"{_label('campaign', one['campaign'])[:-1]},{_label('country', one['country'])[1:]}"
            yield f"{name}{labels} {float(one[key]):g}"


def _callers(told: dict[str, Any]) -> Iterator[str]:
    for name, text, key in _CALLERS:
        if told[key] is not None:
            yield from _head(name, text)
            yield f"{name} {told[key]}"
    for name, text, label, key in (
        ("concierge_callers_left", "Callers who left in a menu, by place.", "place", "by_menu"),
        ("concierge_callers_guarded", "Callers handed to the operator by the guard.", "reason", "by_guard"),
    ):
        yield from _head(name, text)
        for value, count in _most(told[key]):
            yield f"{name}{_label(label, value)} {count}"


def _head(name: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"


def _label(name: str, value: str) -> str:
    if not name:
        return ""
    safe = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'{{{name}="{safe}"}}'
