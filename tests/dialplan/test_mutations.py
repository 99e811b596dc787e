"""Clean dialplans are clean; each broken in many ways is found with its code at its line, and nothing else is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import rules
from dialplan.subject import Subject

FOLDER = Path(__file__).parent / "clean"
STEP = re.compile(
    r"(?:exten => (?P<exten>[^,]+),(?P<first>[^,]+)| same => (?P<next>[^,]+)),(?P<app>\w+)\((?P<data>.*)\)$"
)
LAST = re.compile(r"reception|,g$")  # a reception is a last resort, and g goes on after a conversation
COUNTS = re.compile(r"(\w+)=\$\[\$\{\1\} \+ 1\]$")
Found = set[tuple[int, str]]


class Step(NamedTuple):
    """One line of a plan. `at`: its number, from 1."""

    at: int
    context: str
    exten: str
    app: str
    data: str
    text: str


class Broken(NamedTuple):
    """A broken plan: what must be found (one code of each set, by line), and what may be found beside it."""

    text: str
    expected: dict[int, str]
    beside: Found = frozenset()  # type: ignore[assignment]


def plans() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.glob("*.conf")):
        for part in path.read_text(encoding="utf-8").split("\n; === ")[1:]:
            name, _, text = part.partition("\n")
            yield name, text


def steps(text: str) -> list[Step]:
    made, context, exten = [], "", ""
    for at, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            context = line.strip("[]")
        found = STEP.match(line)
        if found:
            exten = found["exten"] or exten
            made.append(Step(at, context, exten, found["app"], found["data"], line))
    return made


def changed(text: str, changes: dict[int, str | None]) -> str:
    """Lines replaced; None leaves an empty line, so that the numbers of the others stay."""
    lines = text.splitlines()
    for at, line in changes.items():
        lines[at - 1] = line or ""
    return "\n".join(lines) + "\n"


def block(plan: list[Step], context: str, exten: str) -> list[Step]:
    return [one for one in plan if (one.context, one.exten) == (context, exten)]


def users(text: str, plan: list[Step], context: str) -> list[str]:
    """The context and those that include it."""
    found = [context]
    here = ""
    for line in text.splitlines():
        here = line.strip("[]") if line.startswith("[") else here
        if line == f"include => {context}":
            found.append(here)
    return found


def handlers(plan: list[Step], name: str) -> list[Step]:
    return [one for one in plan if one.exten == name and one.text.startswith(f"exten => {name},1,")]


def replaced(text: str, plan: list[Step], handler: Step, line: str | None) -> str:
    """The whole extension is this one line, or nothing."""
    others = {one.at: None for one in block(plan, handler.context, handler.exten)}
    return changed(text, {**others, handler.at: line})


def last_waits(plan: list[Step], contexts: list[str]) -> list[Step]:
    found = [one for one in plan if one.app == "WaitExten" and one.context in contexts]
    return [one for one in found if block(plan, one.context, one.exten)[-1] is one]


def without_t(text: str, plan: list[Step]) -> Iterator[Broken]:
    for t in handlers(plan, "t"):
        waits = last_waits(plan, users(text, plan, t.context))
        yield Broken(replaced(text, plan, t, None), {one.at: "D903" for one in waits})


def without_i(text: str, plan: list[Step]) -> Iterator[Broken]:
    for i in handlers(plan, "i"):
        listens = [one for one in plan if one.context in users(text, plan, i.context) and one.app == "Background"]
        jumps = {one.at: "D101" for one in plan if one.context == i.context and one.data == "i,1"}
        yield Broken(replaced(text, plan, i, None), {listens[0].at: "D904", **jumps})


def goto_nowhere(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app == "Goto" and one.data.count(",") == 2:
            line = one.text.replace(f"({one.data.split(',')[0]},", "(nowhere,")
            yield Broken(changed(text, {one.at: line}), {one.at: "D101"})


def goto_no_label(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        found = re.search(r"([?(])(s,)?([a-z]+)\)$", one.text) if one.app in ("Goto", "GotoIf") else None
        if found:
            yield Broken(changed(text, {one.at: one.text[: found.start(3)] + "nolabel)"}), {one.at: "D101"})


def without_counter(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        found = COUNTS.match(one.data) if one.app == "Set" else None
        if not found:
            continue
        line = one.text.replace(one.app + "(" + one.data, "NoOp(")
        after = [other for other in block(plan, one.context, one.exten) if other.at > one.at]
        if one.exten == "i":
            back = next(o for o in after if o.app == "Goto" or (o.app == "GotoIf" and "operator" not in o.data))
            back = next((o for o in after if o.app == "Goto"), back)
            beside = {(other.at, "D304") for other in after}  # where silence goes the same way
            yield Broken(changed(text, {one.at: line}), {back.at: "D302"}, beside)
        else:
            test = next(o for o in plan if f"${{{found[1]}}}" in o.data and o.app in ("GotoIf", "While"))
            beside = {(other.at, "D302") for other in plan if other.exten == "i" and one.exten == "again"}
            yield Broken(changed(text, {one.at: line}), {test.at: "D304"}, beside | {(test.at, "D302")})


def without_operator(text: str, plan: list[Step]) -> Iterator[Broken]:
    for before, one in itertools.pairwise(plan):
        same = (before.context, before.exten) == (one.context, one.exten)
        last = same and block(plan, one.context, one.exten)[-1] is one
        if last and before.app in ("Dial", "Queue") and "operator" in one.data and not LAST.search(before.data):
            yield Broken(changed(text, {one.at: one.text.replace(f"Dial({one.data}", "Hangup(")}), {one.at: "D002"})


def swapped_goto(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app == "Goto" and one.data.count(",") == 2 and "$" not in one.data:
            context, exten, priority = one.data.split(",")
            line = one.text.replace(one.data, f"{exten},{context},{priority}")
            yield Broken(changed(text, {one.at: line}), {one.at: "D101"})


def swapped_dial(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app == "Dial" and one.data.count(",") == 1 and "$" not in one.data:
            line = one.text.replace(one.data, ",".join(one.data.split(",")[::-1]))
            yield Broken(changed(text, {one.at: line}), {one.at: "D102"})


def old_separator(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app in ("Goto", "Dial", "Queue") and "," in one.data and "$" not in one.data:
            yield Broken(
                changed(text, {one.at: one.text.replace(one.data, one.data.replace(",", "|"))}), {one.at: "D102"}
            )


def without_return(text: str, plan: list[Step]) -> Iterator[Broken]:
    for before, one in itertools.pairwise(plan):
        if one.app == "Return":
            yield Broken(changed(text, {one.at: None}), {before.at: "D902"})


def without_time_out(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app == "Queue":
            line = one.text.replace(one.data, one.data.split(",")[0])
            yield Broken(changed(text, {one.at: line}), {one.at: "D905"})


def hang_up_on_wrong_key(text: str, plan: list[Step]) -> Iterator[Broken]:
    for i in handlers(plan, "i"):
        silence = any(one.exten == "t" and one.data == "i,1" for one in plan if one.context == i.context)
        beside = {(i.at, "D003")} if silence else set()
        yield Broken(replaced(text, plan, i, "exten => i,1,Hangup()"), {i.at: "D001"}, beside)


def hang_up_on_silence(text: str, plan: list[Step]) -> Iterator[Broken]:
    for t in handlers(plan, "t"):
        yield Broken(replaced(text, plan, t, "exten => t,1,Hangup()"), {t.at: "D003"})


def endless(text: str, plan: list[Step]) -> Iterator[Broken]:
    for name in ("t", "i"):
        for one in handlers(plan, name):
            yield Broken(replaced(text, plan, one, f"exten => {name},1,Goto({name},1)"), {one.at: "D303"})


def gap(text: str, plan: list[Step]) -> Iterator[Broken]:
    for before, one in itertools.pairwise(plan):
        same = (before.context, before.exten) == (one.context, one.exten)
        if same and one.text.startswith(" same => n,") and before.app in ("Answer", "Playback") and one.app != "Hangup":
            line = one.text.replace(" n,", " n+3,")
            beside = {(before.at, code) for code in ("D902", "D001", "D003")}
            yield Broken(changed(text, {one.at: line}), {one.at: "D105"}, beside)


def misspelt(text: str, plan: list[Step]) -> Iterator[Broken]:
    for one in plan:
        if one.app in ("Playback", "Background"):
            line = one.text.replace(one.app, one.app + "s", 1)
            yield Broken(changed(text, {one.at: line}), {one.at: "C103"}, {(at, "*") for at in range(1, 99)})


def twice(text: str, plan: list[Step]) -> Iterator[Broken]:
    lines = text.splitlines()
    for one in plan:
        if one.text.startswith("exten =>") and ",1," in one.text:
            head = one.text.partition(",1,")[0]
            doubled = [*lines[: one.at - 1], f"{head},1,NoOp(first)", *lines[one.at - 1 :]]
            yield Broken("\n".join(doubled), {one.at + 1: "C102"}, {(at, "*") for at in range(1, 99)})


WAYS: tuple[Callable[[str, list[Step]], Iterator[Broken]], ...] = (
    without_t, without_i, goto_nowhere, goto_no_label, without_counter, without_operator, swapped_goto, swapped_dial,
    old_separator, without_return, without_time_out, hang_up_on_wrong_key, hang_up_on_silence, endless, gap, misspelt,
    twice,
)  # fmt: skip


def found(text: str) -> Found:
    findings = lint(Subject(loads(text.encode()), tables.load("22")), rules()).findings
    return {(one.spot.place.line, one.code) for one in findings}


@pytest.mark.parametrize(("name", "text"), list(plans()), ids=lambda value: value if "\n" not in value else "")
def test_a_clean_dialplan_has_no_finding(name: str, text: str) -> None:
    assert found(text) == set(), name


def test_there_are_thirty_plans_and_every_way_breaks_some() -> None:
    assert len(list(plans())) == 30
    for way in WAYS:
        assert any(True for _, text in plans() for _ in way(text, steps(text))), way.__name__


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_broken_is_found_and_nothing_else(way: Callable[[str, list[Step]], Iterator[Broken]]) -> None:
    wrong = []
    for name, text in plans():
        for broken in way(text, steps(text)):
            got = found(broken.text)
            missed = [(at, codes) for at, codes in broken.expected.items() if not _any_of(got, at, codes)]
            more = {one for one in got if not _allowed(one, broken)}
            if missed or more:
                wrong.append(f"{name}: missed {missed}, more {sorted(more)}\n{broken.text}")
    assert not wrong, "\n".join(wrong)


def _any_of(got: Found, at: int, codes: str) -> bool:
    return any((at, code) in got for code in codes.split())


def _allowed(one: tuple[int, str], broken: Broken) -> bool:
    at, code = one
    return code in broken.expected.get(at, "").split() or one in broken.beside or (at, "*") in broken.beside
