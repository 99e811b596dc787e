"""Questions about graphs of numbers: what is reachable, and which parts go round."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

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


def rounds(successors: Sequence[Sequence[int]]) -> list[list[int]]:
    """Strongly connected parts in which one can go round (Tarjan's algorithm without recursion).

    `successors`: of each node, by its number. Nodes of parts that are done count as if they came after all others.
    """
    done = len(successors) + 1
    index, low = [0] * len(successors), [0] * len(successors)
    stack: list[int] = []
    made: list[list[int]] = []
    count = 0
    for root, first in enumerate(successors):
        if index[root] or not first:
            continue
        count += 1
        index[root] = low[root] = count
        stack.append(root)
        work = [(root, iter(first))]
        while work:
            node, rest = work[-1]
            for after in rest:
                seen = index[after]
                if not seen:
                    if not successors[after]:
                        index[after] = done  # leads nowhere: no round goes through it
                        continue
                    count += 1
                    index[after] = low[after] = count
                    stack.append(after)
                    work.append((after, iter(successors[after])))
                    break
                if seen < low[node]:
                    low[node] = seen
            else:
                work.pop()
                lowest = low[node]
                if work and lowest < low[work[-1][0]]:
                    low[work[-1][0]] = lowest
                if lowest == index[node]:
                    part = _close(node, stack, index, done)
                    if len(part) > 1 or node in successors[node]:
                        made.append(part)
    return made


def _close(node: int, stack: list[int], index: list[int], done: int) -> list[int]:
    """Take a part from the stack, the node that was found last first."""
    part: list[int] = []
    while True:
        one = stack.pop()
        index[one] = done
        part.append(one)
        if one == node:
            return part
