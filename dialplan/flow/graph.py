"""Questions about graphs of numbers: what is reachable, and which parts go round."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

Successors = Callable[[int], Iterable[int]]


def reachable(starts: Iterable[int], successors: Successors) -> set[int]:
    """Everything that can be reached, the starts included."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for node in successors(waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def distances(starts: Iterable[int], steps: Callable[[int], Iterable[tuple[int, int]]]) -> dict[int, int]:
    """The least sum of costs to each node that can be reached; `steps` gives nodes with a cost of 0 or 1."""
    found: dict[int, int] = {}
    waiting = deque((0, node) for node in starts)
    while waiting:
        cost, node = waiting.popleft()
        if node in found:
            continue
        found[node] = cost
        for after, more in steps(node):
            if after not in found:
                (waiting.append if more else waiting.appendleft)((cost + more, after))
    return found


def rounds(nodes: Iterable[int], successors: Successors) -> list[list[int]]:
    """Strongly connected parts in which one can go round (Tarjan's algorithm without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on: set[int] = set()
    stack: list[int] = []
    made: list[list[int]] = []
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(successors(root)))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for after in rest:
                if after not in index:
                    index[after] = low[after] = len(index)
                    stack.append(after)
                    on.add(after)
                    work.append((after, iter(successors(after))))
                    break
                if after in on:
                    low[node] = min(low[node], index[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    _close(node, stack, on, made, successors)
    return made


def _close(node: int, stack: list[int], on: set[int], made: list[list[int]], successors: Successors) -> None:
    part: list[int] = []
    while True:
        one = stack.pop()
        on.discard(one)
        part.append(one)
        if one == node:
            break
    if len(part) > 1 or node in successors(node):
        made.append(part)
