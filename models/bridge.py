"""PURE: what has to be done so that our list and FreePBX's inbound blacklist agree, without a loop.

FreePBX keeps its blacklist in the family `blacklist` of Asterisk's own database: number as keyed -> 1 or a description.
Of each key that the bridge has dealt with it is remembered where it came from. What we wrote there is never read as
new; a key that goes there takes back only the listing that it brought; a person who takes out what we wrote is obeyed.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

FAMILY = "blacklist"
SETTINGS = ("dest", "blocked")  # keys of the family that are FreePBX's settings
MARK = " (Concierge)"  # at the end of what we write: known as ours even where the memory was lost
_LONGEST = 60  # characters of a reason


class Origin(StrEnum):
    """Who made the key."""

    THERE = "there"
    HERE = "here"


class State(StrEnum):
    """How far the bridge is with it. `LEFT`: a person took out, or changed, what we had written."""

    WRITING = "writing"
    SETTLED = "settled"
    DELETING = "deleting"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Row:
    """What is remembered of one key. `event`: the listing that it brought, for keys of FreePBX's own."""

    key: str
    number: int
    campaign: str
    origin: Origin
    state: State
    value: str
    event: UUID | None = None


class Way(NamedTuple):
    """Which directions are on."""

    read: bool
    write: bool


class Meaning(NamedTuple):
    """What a key and its value say: a number (E.164) with a reason, or why it is none."""

    number: int | None
    reason: str


@dataclass(slots=True)
class Plan:
    """What to do. `listed`, `unlisted`: to our list; `put`, `delete`: in Asterisk; `kept`, `forgotten`: memory alone.

    `held`: so many keys have gone at once that a lost database is likelier than a person; nothing follows from it.
    """

    listed: list[tuple[Row, str]] = field(default_factory=list)
    unlisted: list[Row] = field(default_factory=list)
    put: list[Row] = field(default_factory=list)
    delete: list[Row] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    forgotten: list[Row] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    held: int = 0


@dataclass(frozen=True, slots=True)
class Sides:
    """`there`: keys and values; `known`: the memory; `wanted`: numbers of ours with their reasons.

    `ended`: keys of FreePBX's own whose listing was taken back here; `sure`: this is the database that was known.
    """

    there: Mapping[str, str]
    known: Mapping[str, Row]
    wanted: Mapping[int, str]
    ended: frozenset[str] = frozenset()
    sure: bool = False


def plan(sides: Sides, way: Way, scope: str, means: Callable[[str, str], Meaning], form: Callable[[int], str]) -> Plan:
    """`scope`: of what is listed from there; `means`: what a key says; `form`: how a number is written there."""
    todo = Plan()
    present: set[int] = set()
    for key, value in sides.there.items():
        if key in SETTINGS:
            continue
        meant = means(key, value)
        if meant.number is not None:
            present.add(meant.number)
        row = sides.known.get(key)
        if row is None or _is_anothers(row, value):
            _new(todo, row, Row(key, meant.number or 0, scope, *_THEIRS, value), meant, way)
        else:
            _known(todo, row, sides, way)
    for row in sides.known.values():
        if row.key not in sides.there:
            _gone(todo, row, sides.wanted, way)
    if not sides.sure:
        _hold(todo, sides.known)
    if way.write:
        settled = {row.number for row in sides.known.values()} - _leaving(todo)
        todo.put += [
            Row(form(number), number, scope, Origin.HERE, State.WRITING, written(reason))
            for number, reason in sides.wanted.items()
            if number not in present and number not in settled
        ]
    return todo


_THEIRS = (Origin.THERE, State.SETTLED)


def written(reason: str) -> str:
    """The description that we write, in one line, with the entities of FreePBX's own form."""
    return html.escape(" ".join(reason.split())[:_LONGEST]) + MARK


def _is_anothers(row: Row, value: str) -> bool:
    """A person has written over what we wrote."""
    return row.origin is Origin.HERE and value != row.value


def _new(todo: Plan, before: Row | None, row: Row, meant: Meaning, way: Way) -> None:
    if meant.number is None:
        todo.refused[row.key] = meant.reason
    elif row.value.endswith(MARK):
        todo.kept.append(replace(row, origin=Origin.HERE))
    elif way.read:
        todo.listed.append((row, meant.reason))
    elif before is not None and before.state is not State.LEFT:
        todo.kept.append(replace(before, state=State.LEFT))


def _known(todo: Plan, row: Row, sides: Sides, way: Way) -> None:
    if row.origin is Origin.THERE:
        if way.read and way.write and (row.key in sides.ended or row.state is State.DELETING):
            todo.delete.append(row)
    elif way.write and row.number not in sides.wanted:
        todo.delete.append(row)
    elif row.state is not State.SETTLED:
        todo.kept.append(replace(row, state=State.SETTLED))


def _gone(todo: Plan, row: Row, wanted: Mapping[int, str], way: Way) -> None:
    if row.state is State.DELETING:
        todo.forgotten.append(row)
    elif row.origin is Origin.THERE:
        if way.read:
            todo.unlisted.append(row)
    elif row.number not in wanted:
        if way.write:
            todo.forgotten.append(row)
    elif row.state is State.WRITING:
        if way.write:
            todo.put.append(row)
    elif row.state is not State.LEFT:
        todo.kept.append(replace(row, state=State.LEFT))


def _hold(todo: Plan, known: Mapping[str, Row]) -> None:
    """One key, or up to half of them, may go at a time."""
    theirs = sum(row.origin is Origin.THERE for row in known.values())
    if len(todo.unlisted) > max(1, theirs / 2):
        todo.held = len(todo.unlisted)
        todo.unlisted.clear()


def _leaving(todo: Plan) -> set[int]:
    """Numbers whose key is forgotten and may be written anew. One that came from there and has just gone may hold for
    another reason too: the next pass, which knows, writes it."""
    return {row.number for row in todo.forgotten}


def of_another_database(known: Mapping[str, Row], there: Mapping[str, str]) -> tuple[dict[str, Row], list[Row]]:
    """The memory as it is worth against a database that is not the one that was known (lost, or made anew), and what
    is to be forgotten: what we wrote is written again; a listing that came from there stays, without its key."""
    kept = {
        key: row
        for key, row in known.items()
        if key in there and (row.origin is Origin.THERE or there[key] == row.value)
    }
    return kept, [row for key, row in known.items() if key not in kept]
