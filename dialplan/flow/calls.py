"""All calls of one plan, and the questions that the rules ask about them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

from dialplan.finding import Unknown, Way, WayStep, Witness
from dialplan.flow import variables as names
from dialplan.flow.entries import Entry, find
from dialplan.flow.explore import Search, machine_of
from dialplan.flow.graph import reachable, rounds
from dialplan.flow.model import LISTEN, WIDENED, At, Edge, Ended, Kind, Limits, Met, Space, State
from dialplan.plan.model import Step
from dialplan.subject import Located, Subject

CUT = frozenset({Ended.HANGUP, Ended.FALLS_OFF, Ended.INVALID, Ended.TIMEOUT, Ended.APPLICATION})
"""Ends that a caller meets as being hung up on; dead jumps and missing applications have rules of their own."""
BROKEN = frozenset({Ended.DEAD_JUMP, Ended.NO_APPLICATION})
OPEN = frozenset({Ended.OUTSIDE, Ended.UNKNOWN, Ended.LIMIT, Ended.STAYS})
GOOD = frozenset({Ended.PERSON})
SLIPS = frozenset({Kind.WRONG, Kind.SILENCE})
PRESSED = frozenset({Kind.KEY, Kind.WRONG})
FAILING = frozenset({Kind.RESULT})
NOTHING: frozenset[str] = frozenset()
PROGRAMS = frozenset({"agi", "eagi", "deadagi", "fastagi", "stasis", "externalivr", "audiosocket", "stasisbroadcast"})
SAYING = """
playback background saydigits saynumber sayalpha sayphonetic sayunixtime datetime controlplayback festival swift
picotts flite espeak mp3player playtones busy congestion musiconhold speechbackground queue
"""
SAYS = frozenset(SAYING.split())
TONES = frozenset({"congestion"})
LONGEST = 1_000
"""Steps of a witness; the way to a place that is farther away begins so many steps before it."""
PEOPLE_APPS = frozenset({"dial", "queue", "retrydial", "followme", "page", "confbridge", "meetme", "park", "pickup"})


class Calls:
    """`space` with what is known of its nodes. Made once for a plan, when the first rule asks."""

    def __init__(self, subject: Subject, entries: Iterable[At] = (), limits: Limits | None = None) -> None:
        self.subject = subject
        self.entries: list[Entry] = find(subject, entries) if subject.plan.loads else []
        machine = machine_of(subject)
        search = Search(machine, limits or Limits())
        self.outside: set[int] = set()
        for entry in self.entries:
            if not entry.outside:
                search.run()
                if search.visited(entry.at.context, entry.at.exten):
                    continue
            search.enter(State(entry.at.context, entry.at.exten, entry.at.priority))
            if entry.outside:
                self.outside.add(search.space.entries[-1])
        search.run()
        machine.forget_all()
        self.machine = machine
        self.space: Space = search.space
        self._steps: dict[int, WayStep] = {}
        self._depths: dict[int, int] = {}

    # ---- nodes

    def located(self, node: int) -> Located | None:
        """The step that runs there; None where there is none."""
        return self._located[node]

    @functools.cached_property
    def _located(self) -> list[Located | None]:
        locate = self.subject.locate
        return [None if found is None else locate(found.step) for found in self.space.found]

    @functools.cached_property
    def targets(self) -> list[list[int]]:
        """For each node those that follow."""
        return [[edge[1] for edge in edges if edge[1] >= 0] for edges in self.space.edges]

    @functools.cached_property
    def _origins(self) -> list[list[int]]:
        """For each node those that it follows."""
        made: list[list[int]] = [[] for _ in self.space.states]
        for node, targets in enumerate(self.targets):
            for target in targets:
                made[target].append(node)
        return made

    def prepare(self) -> None:
        """Answer beforehand what many rules ask, so that processes which share this need not."""
        _ = self._chances, self.smooth, self.callers, self.ending, self.helped, self.running

    @functools.cached_property
    def running(self) -> Mapping[str, list[int]]:
        """The nodes, in order, whose step may run an application, by its name in lower case."""
        made: dict[str, list[int]] = {}
        for node, located in enumerate(self._located):
            for name in located.names if located else ():
                made.setdefault(name, []).append(node)
        return made

    def last_step(self, node: int) -> int:
        """The node whose step ran last: itself, or the one before where nothing is."""
        while self.space.found[node] is None and self.space.parents[node] is not None:
            parent = self.space.parents[node]
            assert parent is not None  # noqa: S101
            node = parent[0]
        return node

    def successors(self, node: int) -> Iterator[int]:
        """Nodes that follow."""
        return iter(self.targets[node])

    def following(self, allowed: Callable[[int, Edge], bool]) -> Callable[[int], list[int]]:
        """Nodes that follow over edges that are allowed."""
        edges = self.space.edges

        def successors(node: int) -> list[int]:
            return [edge[1] for edge in edges[node] if edge[1] >= 0 and allowed(node, edge)]

        return successors

    @functools.cached_property
    def _chances(self) -> tuple[set[int], set[int], set[int]]:
        """See listening, menus and offering."""
        listening, menus, offering = set[int](), set[int](), set[int]()
        for node, edges in enumerate(self.space.edges):
            for edge in edges:
                kind, value, application = edge[0]
                if not kind:
                    continue
                if kind in PRESSED:
                    listening.add(node)
                    if kind is Kind.KEY:
                        menus.add(node)
                elif kind is Kind.RESULT and value == "ANSWER" and application:
                    offering.add(node)
        return listening, menus, offering

    @property
    def listening(self) -> set[int]:
        """Nodes at which a caller can press keys."""
        return self._chances[0]

    @property
    def menus(self) -> set[int]:
        """Nodes at which a key leads somewhere."""
        return self._chances[1]

    @property
    def offering(self) -> set[int]:
        """Nodes at which a person may answer."""
        return self._chances[2]

    @functools.cached_property
    def fresh(self) -> set[int]:
        """Nodes that a caller reaches without a slip: no wrong key, no silence."""
        return self._surely(self.space.entries, SLIPS)

    @functools.cached_property
    def smooth(self) -> set[int]:
        """The same, and nothing has failed either; from outside, or after a key of a menu."""
        starts = set(self.outside)
        for node in self.menus & self.fresh:
            starts |= {e.target for e in self.space.edges[node] if e.choice.kind is Kind.KEY and e.target >= 0}
        return self._surely(starts, SLIPS, failures=False)

    @functools.cached_property
    def callers(self) -> set[int]:
        """Nodes where callers are: they came from outside, or they have chosen from a menu."""
        starts = set(self.outside)
        for node in self.menus:
            starts |= {e.target for e in self.space.edges[node] if e.target >= 0 and e.choice.kind in SLIPS | PRESSED}
        return self._surely(starts, frozenset())

    def _surely(self, starts: Iterable[int], without: frozenset[Kind], failures: bool = True) -> set[int]:
        """Nodes that calls surely reach: not places that were only guessed, not states that were given up."""
        edges, given_up = self.space.edges, self.given_up
        found = set(starts)
        waiting = list(found)
        while waiting:
            for edge in edges[waiting.pop()]:
                choice, target = edge[0], edge[1]
                if target < 0 or target in found or target in given_up:
                    continue
                kind = choice[0]
                if kind and (kind in without or kind is Kind.TARGET or (not failures and self.failed(edge))):
                    continue
                found.add(target)
                waiting.append(target)
        return found

    @functools.cached_property
    def given_up(self) -> set[int]:
        """Nodes whose variables are not known any more."""
        return {node for node, state in enumerate(self.space.states) if state[3] and names.get(state[3], WIDENED)}

    def offers(self, node: int) -> bool:
        """A person may answer here."""
        return node in self.offering

    def failed(self, edge: Edge) -> bool:
        """The edge of a person or program that was not reached."""
        return edge.choice.kind is Kind.RESULT and edge.choice.value not in ("ANSWER", "SUCCESS", "OK", "CONTINUE")

    def names(self, node: int) -> frozenset[str]:
        """Applications that the node's step may run, in lower case."""
        located = self._located[node]
        return located.names if located else NOTHING

    def says(self, node: int) -> bool:
        """Is something said there? A program may say something too."""
        found = self.names(node)
        return bool(found & (SAYS | PROGRAMS)) or any(name.startswith("say") for name in found)

    def uncertain(self, node: int) -> bool:
        """A program runs there, variables are not known, or the call's time is limited."""
        variables = self.space.states[node].variables
        limited = names.get(variables, "TIMEOUT(absolute)") not in (None, "", "0")
        return limited or names.get(variables, WIDENED) is not None or bool(self.names(node) & PROGRAMS)

    # ---- ends

    def cut_ends(self, start: int) -> list[tuple[int, Edge]] | None:
        """The ends of a call that surely is cut off from here on; None when anything else may happen.

        A key, a person, a message, a program: all of them are something else.
        """
        found: list[tuple[int, Edge]] = []
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node in seen:
                return None  # it may go round
            seen.add(node)
            state = self.space.states[node]
            if state.met is not Met.NOBODY or node in self.listening or self.offers(node):
                return None
            if len(seen) > 200 or self.names(node) & PROGRAMS or not self.space.edges[node]:
                return None
            for edge in self.space.edges[node]:
                if edge.target >= 0:
                    waiting.append(edge.target)
                elif edge.end is None or edge.end.kind not in CUT:
                    return None
                else:
                    found.append((node, edge))
        return found

    def silent(self, start: int) -> tuple[list[int], Edge | None]:
        """The way of a caller who does nothing, and its end; None when it goes round or is open."""
        path: list[int] = []
        seen: set[int] = set()
        node = start
        while node not in seen:
            seen.add(node)
            path.append(node)
            edges = [e for e in self.space.edges[node] if e.choice.kind not in PRESSED]
            quiet = [e for e in edges if e.choice.kind in (Kind.NOTHING, Kind.SILENCE)]
            others = [e for e in edges if e not in quiet]
            if self.offers(node) or self.names(node) & PROGRAMS or not edges:
                return path, None
            edge = (quiet or others)[0]
            if edge.target < 0:
                return path, edge
            node = edge.target
        return path, None

    @functools.cached_property
    def ending(self) -> set[int]:
        """Nodes from which some end can be reached."""
        return self.before({n for n, edges in enumerate(self.space.edges) for edge in edges if edge[2] is not None})

    @functools.cached_property
    def helped(self) -> set[int]:
        """Nodes from which a person, a message, or something unknown can be reached."""

        def helps(node: int, edge: Edge) -> bool:
            if self.space.states[node].met is not Met.NOBODY:
                return True
            return edge.end is not None and edge.end.kind in GOOD | OPEN

        return self.leading_to(helps)

    def only_behind(self, step: Step, above: Step) -> bool:
        """Do calls come to a step, and to none of its nodes but from this other step?"""
        origins = {before for node in self._nodes.get(id(step), ()) for before in self._origins[node]}
        steps = [self.space.found[node] for node in origins]
        return bool(steps) and all(found is not None and found.step is above for found in steps)

    @functools.cached_property
    def _nodes(self) -> dict[int, list[int]]:
        """The nodes at which each step runs, by the step's id."""
        made: dict[int, list[int]] = {}
        for node, found in enumerate(self.space.found):
            if found is not None:
                made.setdefault(id(found.step), []).append(node)
        return made

    def leading_to(self, good: Callable[[int, Edge], bool]) -> set[int]:
        """Nodes from which an edge of this kind can be reached."""
        starts = {node for node, edges in enumerate(self.space.edges) for edge in edges if good(node, edge)}
        return self.before(starts)

    def before(self, nodes: Iterable[int]) -> set[int]:
        """Nodes from which one of these can be reached, themselves included."""
        return reachable(nodes, self._origins.__getitem__)

    @functools.cached_property
    def before_speech(self) -> set[int]:
        """Nodes from which a node can be reached that says something; a tone of failure says nothing."""
        return self.before(
            node
            for name, nodes in self.running.items()
            if (name in SAYS - TONES) or name in PROGRAMS or name.startswith("say")
            for node in nodes
        )

    def rounds(self, allowed: Callable[[int, Edge], bool]) -> list[list[int]]:
        """Parts in which a caller can go round over these edges for ever."""
        successors, circling = self.following(allowed), self._circling
        return rounds([successors(node) if node in circling else [] for node in range(len(self.space.edges))])

    @functools.cached_property
    def _circling(self) -> set[int]:
        """Nodes that some round goes through, over whatever edges."""
        return {node for part in rounds(self.targets) for node in part}

    # ---- witnesses

    def way(self, node: int, last: Iterable[Edge] = ()) -> Witness:
        """A shortest way from an entry to this node, and the edges after it."""
        chain: list[tuple[int, Edge]] = []
        here = node
        parent = self.space.parents[here]
        while parent is not None and len(chain) < LONGEST:
            chain.append(parent)
            here = parent[0]
            parent = self.space.parents[here]
        chain.reverse()
        return self._witness(here, chain, node, list(last))

    def _before(self, node: int) -> int:
        """How many steps a call has made when it gets there on a shortest way."""
        way, here = [], node
        while here not in self._depths and (parent := self.space.parents[here]) is not None:
            way.append(here)
            here = parent[0]
        depth = self._depths.setdefault(here, 0)
        for there in reversed(way):
            depth += 1
            self._depths[there] = depth
        return depth

    def _witness(self, entry: int, chain: list[tuple[int, Edge]], node: int, last: list[Edge]) -> Witness:
        state = self.space.states[entry]
        whole = [*chain]
        here = node
        for edge in last:
            whole.append((here, edge))
            here = edge.target
        steps = [self._step(n) for n, _ in whole] + ([self._step(here)] if here >= 0 else [])
        end = next((edge.end for edge in reversed(last) if edge.end is not None), None)
        return Witness(
            f"{state.context},{state.exten},{state.priority}",
            tuple(self._ways(whole)),
            tuple(step for step in steps if step is not None),
            end.text if end else "",
            self._before(entry),
        )

    def _ways(self, chain: list[tuple[int, Edge]]) -> list[Way]:
        made: list[Way] = []
        for node, edge in chain:
            located = self.located(node)
            place = located.step.place if located else None
            kind = edge.choice.kind
            if kind:
                made.append(Way(kind, edge.choice.value, edge.choice.application, edge.seconds, place))
            elif node in self.listening:
                made.append(Way("listen", LISTEN, "", 0, place))
        return _heard(made)

    def _step(self, node: int) -> WayStep | None:
        made = self._steps.get(node)
        if made is None and (found := self.space.found[node]) is not None:
            state, step = self.space.states[node], found.step
            made = self._steps[node] = WayStep(*state[:3], step.application, step.place)
        return made

    @functools.cached_property
    def by_step(self) -> dict[int, int]:
        """The first node at which each step runs, by the step's id."""
        made: dict[int, int] = {}
        for node, found in enumerate(self.space.found):
            if found is not None:
                made.setdefault(id(found.step), node)
        return made

    def witness_of(self, located: Located) -> Witness | None:
        """A shortest way to a step, and how the call may end there; None when no call was seen to run it."""
        node = self.by_step.get(id(located.step))
        if node is None:
            return None
        for edge in self.space.edges[node]:
            if edge.end is not None and edge.end.kind in CUT | BROKEN:
                return self.way(node, [edge])
            if edge.target >= 0 and self.space.found[edge.target] is None:
                after = [e for e in self.space.edges[edge.target] if e.end is not None]
                if after:
                    return self.way(node, [edge, after[0]])
        return self.way(node)

    @property
    def unknown(self) -> list[Unknown]:
        """What the exploration could not look at."""
        return self.space.unknown


def _heard(ways: list[Way]) -> list[Way]:
    """Without the prompts that are heard to their end where a key is not the next thing that the caller does."""
    kept: list[Way] = []
    pressed = False
    for way in reversed(ways):
        if way.kind in (Kind.KEY, Kind.WRONG, Kind.SILENCE):
            pressed = way.kind != Kind.SILENCE
        if way.kind != "listen" or pressed:
            kept.append(way)
    return kept[::-1]
