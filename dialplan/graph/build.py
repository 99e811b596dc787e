"""From the calls that were followed to the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dialplan.flow.calls import BROKEN, CUT, PROGRAMS
from dialplan.flow.model import Edge as Move
from dialplan.flow.model import Ended, Kind
from dialplan.graph import model
from dialplan.graph.layout import columns
from dialplan.graph.model import Edge, Graph, Group, Node
from dialplan.plan.model import Extension
from dialplan.report.shown import discreet, hidden
from dialplan.subject import Subject

ENDS = {Ended.PERSON: model.PERSON, Ended.STAYS: model.STAYS}
ENDS |= dict.fromkeys(CUT, model.CUT) | dict.fromkeys(BROKEN, model.DEAD)
LABELS = 8
"""Of more keys that lead to one place the first are named."""
DATA = 120


def build(subject: Subject, titles: Callable[[str], str] = lambda name: name) -> Graph:
    """The whole plan; `titles` gives what people call a context."""
    secrets = hidden(subject)

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    owners: dict[int, int] = {}
    places: dict[tuple[str, int], int] = {}
    written: list[tuple[str, Extension]] = []
    for context in subject.plan.contexts.values():
        for extension in context.extensions:
            if extension.steps:
                for step in extension.steps.values():
                    owners[id(step)] = places[step.place[:2]] = len(written)
                written.append((context.name, extension))
    seen = _Seen(subject, owners)
    nodes = tuple(
        Node(
            number,
            clean(context),
            clean(extension.pattern + (f"/{extension.cid}" if extension.cid is not None else "")),
            extension.place.file,
            extension.place.line,
            tuple(_steps(extension, secrets)),
            tuple(name for name in model.ENDS if name in seen.ends.get(number, ())),
            number in seen.entries,
            number in seen.met,
        )
        for number, (context, extension) in enumerate(written)
    )
    edges = tuple(Edge(*pair, tuple(labels)) for pair, labels in seen.edges.items())
    includes = tuple(
        (clean(context.name), clean(include.context))
        for context in subject.plan.contexts.values()
        for include in context.includes
        if include.context in subject.plan.contexts
    )
    return Graph(nodes, edges, _groups(nodes, edges, includes, titles), includes, places)


def _steps(extension: Extension, secrets: list[str]) -> Iterator[str]:
    for step in extension.steps.values():
        label = f"({step.label})" if step.label else ""
        data = discreet(f"{step.application}({step.data})", secrets)
        yield f"{step.priority}{label} {data[:DATA]}{'…' if len(data) > DATA else ''}"


class _Seen:
    """What the followed calls say about extensions, by their numbers."""

    def __init__(self, subject: Subject, owners: dict[int, int]) -> None:
        self.flow = subject.flow
        self.owners = owners
        self.edges: dict[tuple[int, int], dict[str, None]] = {}
        self.ends: dict[int, set[str]] = {}
        self.met: set[int] = set()
        space = self.flow.space
        outside = sorted(self.flow.outside) or space.entries
        self.entries = {owner for node in outside if (owner := self._owner(node)) is not None}
        for node, moves in enumerate(space.edges):
            here = self._owner(node)
            if here is None:
                continue
            self.met.add(here)
            if "voicemail" in self.flow.names(node):
                self.ends.setdefault(here, set()).add(model.MESSAGE)
            if not PROGRAMS.isdisjoint(self.flow.names(node)):
                self.ends.setdefault(here, set()).add(model.OPEN)
            for move in moves:
                self._note(here, node, move)

    def _owner(self, node: int) -> int | None:
        found = self.flow.space.found[self.flow.last_step(node)]
        return None if found is None else self.owners.get(id(found.step))

    def _note(self, here: int, node: int, move: Move) -> None:
        if move.end is not None:
            self.ends.setdefault(here, set()).add(ENDS.get(move.end.kind, model.OPEN))
            return
        there = self._owner(move.target)
        state, after = self.flow.space.states[node], self.flow.space.states[move.target]
        same_row = there == here and after.priority == state.priority + 1
        if there is None or same_row or self.flow.space.found[move.target] is None:
            return
        labels = self.edges.setdefault((here, there), {})
        label = _label(move)
        if label and len(labels) < LABELS:
            labels[label] = None


def _label(move: Move) -> str:
    kind, value = move.choice.kind, move.choice.value
    if kind is Kind.KEY:
        return value
    if kind is Kind.WRONG:
        return "wrong key"
    if kind is Kind.SILENCE:
        return "silence"
    return value if kind is Kind.RESULT else ""


def _groups(
    nodes: tuple[Node, ...],
    edges: tuple[Edge, ...],
    includes: tuple[tuple[str, str], ...],
    titles: Callable[[str], str],
) -> tuple[Group, ...]:
    members: dict[str, list[int]] = {}
    for node in nodes:
        members.setdefault(node.context, []).append(node.number)
    links: dict[str, dict[str, None]] = {name: {} for name in members}
    for edge in edges:
        links[nodes[edge.source].context].setdefault(nodes[edge.target].context)
    for includer, included in includes:
        if includer in links and included in links:
            links[includer].setdefault(included)
    starts = list(dict.fromkeys(node.context for node in nodes if node.entry))
    return tuple(
        Group(name, titles(name), tuple(members[name]), column)
        for column, names in enumerate(columns(starts, {name: list(to) for name, to in links.items()}))
        for name in names
    )
