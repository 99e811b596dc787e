"""Matching: all ways at once, so that the time is the text's length times the pattern's."""

from __future__ import annotations

from dialplan.expression.regex.syntax import Assertion, Group, Node, Repeat, Set, Several
from dialplan.expression.value import UnknowableError
from dialplan.light import NamedTuple, dataclass

MAX_PROGRAM = 2000
MAX_WORK = 300_000
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class Match(NamedTuple):
    """`span` None: no match. `group`: the text of group 1 where it took part. `groups`: their number."""

    span: tuple[int, int] | None
    group: str | None
    groups: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at all of these, the first preferred. `decides`: whether group 1 takes part depends on it."""

    targets: tuple[int, ...]
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Save:
    """Group 1 begins (0) or ends (1) here."""

    slot: int


@dataclass(frozen=True, slots=True)
class Program:
    """Instructions; the end of the list is the match."""

    code: tuple[Set | Assertion | Jump | Save, ...]
    groups: int
    doubtful: bool = False  # glibc's rules for an empty group 1 in a repetition or choice are not modelled


class _Compiler:
    def __init__(self) -> None:
        self.code: list[Set | Assertion | Jump | Save] = []
        self.visits = 0

    def emit(self, node: Node) -> None:
        self.visits += 1
        if self.visits > MAX_PROGRAM:
            raise UnknowableError("a regular expression that is too large")
        match node:
            case Set() | Assertion():
                self.code.append(node)
            case Group():
                self.group(node)
            case Repeat():
                self.repeat(node)
            case Several(kind="sequence"):
                for part in node.parts:
                    self.emit(part)
            case Several():
                self.choice(node.parts)

    def group(self, node: Group) -> None:
        if node.number == 1:
            self.code.append(Save(0))
        self.emit(node.body)
        if node.number == 1:
            self.code.append(Save(1))

    def choice(self, parts: tuple[Node, ...]) -> None:
        exits, decides = [], any(map(_holds_group, parts))
        for part in parts[:-1]:
            fork = self.reserve()
            self.emit(part)
            exits.append(self.reserve())
            self.code[fork] = Jump((fork + 1, len(self.code)), decides)
        self.emit(parts[-1])
        for place in exits:
            self.code[place] = Jump((len(self.code),))

    def repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self.emit(node.body)
        if node.most is None:
            fork = self.reserve()
            self.emit(node.body)
            self.code.append(Jump((fork,)))
            self.code[fork] = Jump((fork + 1, len(self.code)))
            return
        forks = []
        for _ in range(node.most - node.least):
            forks.append(self.reserve())
            self.emit(node.body)
        for fork in forks:
            self.code[fork] = Jump((fork + 1, len(self.code)))

    def reserve(self) -> int:
        self.code.append(Jump(()))
        return len(self.code) - 1


def compiled(tree: Node, groups: int) -> Program:
    """The program of a tree."""
    compiler = _Compiler()
    compiler.emit(tree)
    return Program(tuple(compiler.code), groups, _doubtful(tree, False))


def _holds_group(node: Node) -> bool:
    match node:
        case Group():
            return node.number == 1 or _holds_group(node.body)
        case Repeat():
            return _holds_group(node.body)
        case Several():
            return any(map(_holds_group, node.parts))
    return False


def _nullable(node: Node) -> bool:
    match node:
        case Set():
            return False
        case Assertion():
            return True
        case Group():
            return _nullable(node.body)
        case Repeat():
            return node.least == 0 or _nullable(node.body)
        case Several(kind="sequence"):
            return all(map(_nullable, node.parts))
    return any(map(_nullable, node.parts))


def _chooses(node: Node) -> bool:
    match node:
        case Group() | Repeat():
            return _chooses(node.body)
        case Several():
            return node.kind == "choice" or any(map(_chooses, node.parts))
    return False


def _doubtful(node: Node, inside: bool) -> bool:
    match node:
        case Group(number=1):
            return _nullable(node.body) and (inside or _chooses(node.body))
        case Group():
            return _doubtful(node.body, inside)
        case Repeat():
            return _doubtful(node.body, True)
        case Several():
            return any(_doubtful(part, inside or node.kind == "choice") for part in node.parts)
    return False


def _holds(kind: str, text: str, place: int) -> bool:
    if kind == "start":
        return place == 0
    if kind == "end":
        return place == len(text)
    before = place > 0 and text[place - 1] in _WORD
    after = place < len(text) and text[place] in _WORD
    if kind == "word-start":
        return after and not before
    if kind == "word-end":
        return before and not after
    return (before != after) == (kind == "word-edge")


_Thread = tuple[int, int, int]  # where the match began; where group 1 began and ended (-1: not yet)


class _Run:
    def __init__(self, program: Program, text: str) -> None:
        self.code, self.text, self.work = program.code, text, 0
        self.backwards = False

    def follow(self, entry: int, thread: _Thread, place: int, threads: dict[int, _Thread]) -> None:
        """Add every instruction reachable from `entry` without reading, the preferred ones first."""
        stack = [(entry, thread)]
        while stack:
            address, thread = stack.pop()
            if address in threads:
                continue
            threads[address] = thread
            self.work += 1
            match self.code[address] if address < len(self.code) else None:
                case Jump(targets, decides):
                    order = targets if decides and self.backwards else reversed(targets)
                    stack.extend((target, thread) for target in order)
                case Save(slot):
                    began, first, _ = thread
                    stack.append((address + 1, (began, place, -1) if slot == 0 else (began, first, place)))
                case Assertion(kind) if _holds(kind, self.text, place):
                    stack.append((address + 1, thread))
        if self.work > MAX_WORK:
            raise UnknowableError("a regular expression that takes too much work")

    def step(self, threads: dict[int, _Thread], place: int) -> dict[int, _Thread]:
        """All threads after they have read the character at `place`."""
        following: dict[int, _Thread] = {}
        char = self.text[place]
        for address, thread in threads.items():
            if address == len(self.code):
                continue
            instruction = self.code[address]
            if isinstance(instruction, Set) and (char in instruction.members) != instruction.negated:
                self.follow(address + 1, thread, place + 1, following)
        return following

    def span(self) -> tuple[int, int] | None:
        """Leftmost, then longest."""
        best: tuple[int, int] | None = None
        threads: dict[int, _Thread] = {}
        for place in range(len(self.text) + 1):
            if best is None:
                self.follow(0, (place, -1, -1), place, threads)
            final = threads.get(len(self.code))
            if final is not None and (best is None or final[0] <= best[0]):
                best = (final[0], place)
            if best is not None:
                threads = {address: thread for address, thread in threads.items() if thread[0] <= best[0]}
                if not threads:
                    break
            if place < len(self.text):
                threads = self.step(threads, place)
        return best

    def group(self, begin: int, end: int) -> str | None:
        """Group 1 of the match that is known to stretch from `begin` to `end`."""
        threads: dict[int, _Thread] = {}
        self.follow(0, (begin, -1, -1), begin, threads)
        for place in range(begin, end):
            threads = self.step(threads, place)
        _, first, last = threads[len(self.code)]
        return self.text[first:last] if first >= 0 and last >= 0 else None


def run(program: Program, text: str) -> Match:
    """Search `text`."""
    running = _Run(program, text)
    span = running.span()
    group = running.group(*span) if span and program.groups else None
    running.backwards = True
    if span and (program.doubtful or (program.groups and running.group(*span) != group)):
        raise UnknowableError("a group of a regular expression that may be empty, absent or elsewhere")
    return Match(span, group, program.groups)
