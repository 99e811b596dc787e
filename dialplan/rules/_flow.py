"""What the rules about the flow of calls share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dialplan.finding import Finding, Severity, Witness
from dialplan.flow import variables as names
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.follow import Outcome, follow
from dialplan.light import dataclass, pattern
from dialplan.rules._lasting import PURE, Lasting
from dialplan.subject import Located, Subject

JUMPS = frozenset({"goto", "gotoif", "gotoiftime", "execif", "gosub", "gosubif", "endwhile", "continuewhile"})


def finding(
    flow: Calls, code: str, severity: Severity, message: str, node: int, last: Sequence[Edge] = ()
) -> Finding | None:
    """A finding at the step that ran last there, with the way to it; None where nothing has run."""
    located = flow.located(flow.last_step(node))
    if located is None:
        return None
    return Finding(code, severity, message, located.spot, witness=flow.way(node, last))


def once(found: Iterable[Finding | None]) -> Iterator[Finding]:
    """Each place once: the shortest way is enough."""
    best: dict[tuple[str, int, int], Finding] = {}
    for one in found:
        if one is None:
            continue
        key = one.spot.place[:3]
        if key not in best or _steps(one.witness) < _steps(best[key].witness):
            best[key] = one
    yield from best.values()


def _steps(witness: Witness | None) -> int:
    return len(witness.steps) if witness else 1_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """A way that goes round for ever. `jump`: the step that leads back; `silent`: nothing is said on it."""

    jump: Located
    steps: int
    silent: bool
    witness: Witness | None = None
    counter: str = ""


def endless(subject: Subject) -> list[Round]:
    """Rounds without a key, a wait, a person, a program or a condition that may end them."""
    made: list[Round] | None = subject.memo.get("rounds")
    if made is None:
        found = {one.jump.spot.place: one for one in (*_static(subject), *_explored(subject.flow))}
        made = subject.memo["rounds"] = list(found.values())
    return made


def _static(subject: Subject) -> Iterator[Round]:
    """Loops of literal Gotos, wherever they stand."""
    followed: set[int] = set()
    for located in subject.steps():
        if located.calls[0].application.lower() != "goto" or id(located) in followed:
            continue
        path, outcome = follow(subject, located, followed)
        followed.update(map(id, path))
        if outcome is Outcome.LOOP and not any(_gives_way(one) for one in path):
            loop = _loop(subject, path)
            gotos = [one for one in loop if one.calls[0].application.lower() == "goto"]
            jump = max(gotos, key=lambda one: one.step.place[:2])
            yield Round(jump, len(loop), not any(_says(one) for one in loop))


def _loop(subject: Subject, path: list[Located]) -> list[Located]:
    """The part of the path that repeats: from where the last step leads to."""
    again, _ = follow(subject, path[-1])
    back = again[1] if len(again) > 1 else path[-1]
    return path[path.index(back) :]


def _says(located: Located) -> bool:
    from dialplan.flow.calls import SAYS

    return any(c.application.lower() in SAYS or c.application.lower().startswith("say") for c in located.calls)


def _gives_way(located: Located) -> bool:
    """It waits, or it has set a limit to the call's time."""
    effect = located.calls[0].effect
    waits = effect is not None and effect.wait is not None
    return waits or "timeout(absolute" in located.step.data.lower()


def _explored(flow: Calls) -> Iterator[Round]:
    """Rounds among the calls: through Gosub, While, patterns, and conditions that are known."""

    def keyless(_: int, edge: Edge) -> bool:
        return edge.choice.kind not in (Kind.KEY, Kind.WRONG, Kind.SILENCE, Kind.TARGET)

    for part in flow.rounds(keyless):
        lasting = Lasting(flow, part, PURE)
        if any(_opens(flow, node, lasting) for node in part):
            continue
        jumps = [node for node in part if flow.names(node) & JUMPS] or part
        node = max(jumps, key=lambda one: place_of(flow, one))
        located = flow.located(node)
        if located is not None:
            silent = not any(flow.says(one) for one in part)
            yield Round(located, len(part), silent, flow.way(node), stuck_counter(flow, part))


def _opens(flow: Calls, node: int, lasting: Lasting) -> bool:
    if node in flow.listening or flow.offers(node) or flow.uncertain(node):
        return True
    located = flow.located(node)
    if located is not None and "${ARG" in located.step.data and not flow.space.states[node].frames:
        return True  # a subroutine, looked at as if a call began there: whoever calls it knows its arguments
    waits = located is not None and any(c.effect is not None and c.effect.wait for c in located.calls)
    passes = any(edge.seconds > 0 or edge.end is not None for edge in flow.space.edges[node])
    return waits or passes or lasting.may_leave(node)


def place_of(flow: Calls, node: int) -> tuple[str, int]:
    """File and line of a node's step, for an order."""
    located = flow.located(node)
    return (located.step.place.file, located.step.place.line) if located else ("", 0)


def way_back(flow: Calls, start: int, goal: int, inside: set[int]) -> list[int]:
    """A shortest way inside of a part, ends included."""
    before: dict[int, int] = {start: -1}
    waiting = [start]
    for node in waiting:
        if node == goal:
            break
        for edge in flow.space.edges[node]:
            if edge.target in inside and edge.target not in before and edge.choice.kind is not Kind.KEY:
                before[edge.target] = node
                waiting.append(edge.target)
    path = [goal]
    while path[-1] != start and path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]


def jump_on(flow: Calls, path: list[int]) -> int:
    """The last step of the path that jumps, else its first."""
    return next((node for node in reversed(path) if flow.names(node) & JUMPS), path[0])


def finding_at(
    flow: Calls, code: str, severity: Severity, message: str, start: int, path: list[int], edges: list[Edge]
) -> Finding | None:
    """A finding at the last step of a path that begins at `start`; the witness leads there and along it."""
    located = next((one for node in reversed(path) if (one := flow.located(node)) is not None), None)
    if located is None:
        return None
    return Finding(code, severity, message, located.spot, witness=flow.way(start, edges))


COUNTER = pattern(r"^_{0,2}([\w-]+)=\$\[\s*\$\{\1\}")


def stuck_counter(flow: Calls, part: Iterable[int]) -> str:
    """The name of a counter that is set on the way, from empty to empty; "" when there is none."""
    for node in part:
        located = flow.located(node)
        found = COUNTER.match(located.step.data) if located and flow.names(node) == {"set"} else None
        if found and names.get(flow.space.states[node].variables, found[1]) in (None, ""):
            return found[1]
    return ""
