"""A call that dials itself

What it finds
    A Dial of a Local channel whose own steps lead to the same Dial again, by themselves or over other Local
    channels, with no condition, key or wait for keys in between. When telephones are tried on the way, so
    that it only happens while none answers, that is a warning.
Why it matters to a caller
    Each round is one more call inside of the call. Asterisk gives up when twenty are nested (Max forwards
    exceeded), and then nobody has been called; every round rings the same telephones once more.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(Local/100@desks,30)
    same => n,Dial(PJSIP/operator,30)

    [desks]
    exten => 100,1,Dial(Local/200@desks,30)
    exten => 200,1,Dial(Local/100@desks,30)   ; expect: D305
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(Local/100@desks,30)
    same => n,Dial(PJSIP/operator,30)

    [desks]
    exten => 100,1,Dial(Local/200@desks,30)
    exten => 200,1,Dial(PJSIP/200,30)
When to switch it off
    When something outside of the files ends it: a limit of the channel driver, a program.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import rounds
from dialplan.flow.model import Kind, State
from dialplan.light import NamedTuple, pattern
from dialplan.rules._flow import finding, place_of
from dialplan.subject import Subject

CODE = "D305"
SEVERITY = Severity.ERROR
MISSION = "D3"

LOCAL = pattern(r"(?i)(?:^|&)Local/([^@&/]+)@([^/&]+)")
DECIDES = frozenset({"gotoif", "gotoiftime", "gosubif", "execif", "execiftime", "while", "if", "elseif", "macroif"})
LONGEST = 200


class Leg(NamedTuple):
    """A Local channel that is dialled at `node` by the steps from `begin` on. `tried`: somebody else was before."""

    begin: int
    node: int
    to: int
    tried: bool


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each circle, at the last Dial of it."""
    dials = subject.by_application.get("dial", ())
    if any("Local/" in call.argument(1) for _, call in dials):
        yield from _circles(subject.flow)


def _circles(flow: Calls) -> Iterator[Finding]:
    legs = _legs(flow)
    surely = {(leg.begin, leg.to) for leg in legs if not leg.tried}
    begins = sorted({leg.begin for leg in legs} | {leg.to for leg in legs})
    number = {begin: at for at, begin in enumerate(begins)}
    for severity, few in ((SEVERITY, True), (Severity.WARNING, False)):
        pairs = {(leg.begin, leg.to) for leg in legs if not (few and leg.tried)}
        for part in rounds([[number[to] for one, to in sorted(pairs) if one == begin] for begin in begins]):
            inside = {begins[at] for at in part}
            if not few and _round(surely, inside):
                continue
            closing = [leg.node for leg in legs if leg.begin in inside and leg.to in inside]
            made = _told(flow, severity, max(closing, key=lambda node: place_of(flow, node)))
            if made is not None:
                yield made


def _round(pairs: set[tuple[int, int]], inside: set[int]) -> bool:
    """Is there a circle of these pairs? Then it has been told."""
    nodes = sorted(inside)
    number = {node: at for at, node in enumerate(nodes)}
    return bool(rounds([[number[to] for begin, to in pairs if begin == node and to in inside] for node in nodes]))


def _told(flow: Calls, severity: Severity, node: int) -> Finding | None:
    how = "" if severity is SEVERITY else " while nobody answers"
    message = f"this Dial leads{how} to itself again: after 20 rounds Asterisk gives up, and nobody has been called"
    return finding(flow, CODE, severity, message, node)


def _legs(flow: Calls) -> list[Leg]:
    """Every Local channel that surely is dialled, from where a Local channel begins."""
    waiting = [to for node in flow.running.get("dial", ()) for to in _begins(flow, node)]
    seen: set[int] = set()
    found: list[Leg] = []
    while waiting:
        begin = waiting.pop()
        if begin not in seen:
            seen.add(begin)
            found += _surely(flow, begin)
            waiting += [leg.to for leg in found if leg.to not in seen]
    return found


def _surely(flow: Calls, begin: int) -> Iterator[Leg]:
    """What its steps dial where nothing but the answer of a telephone decides."""
    node, tried = begin, False
    for _ in range(LONGEST):
        if node in flow.listening or flow.uncertain(node) or _asks(flow, node):
            return
        yield from (Leg(begin, node, to, tried) for to in _begins(flow, node))
        edges = flow.space.edges[node]
        if node in flow.offering:
            edges, tried = [edge for edge in edges if flow.failed(edge)][:1], True
        if len(edges) != 1 or edges[0].target < 0 or edges[0].choice.kind not in (Kind.NOTHING, Kind.RESULT):
            return
        node = edges[0].target


def _asks(flow: Calls, node: int) -> bool:
    located = flow.located(node)
    return located is not None and "$" in located.step.data and bool(flow.names(node) & DECIDES)


def _begins(flow: Calls, node: int) -> Iterator[int]:
    """The first nodes of the Local channels that are dialled here."""
    located = flow.located(node)
    if located is None or located.calls[0].application.lower() != "dial":
        return
    state: State = flow.space.states[node]
    dialled = flow.machine.value(state._replace(free=False), located.calls[0].argument(1))
    for exten, context in LOCAL.findall(dialled) if isinstance(dialled, str) else ():
        steps = flow.machine.possible(context, exten, 1)
        begin = flow.by_step.get(id(steps[0].step)) if len(steps) == 1 else None
        if begin is not None:
            yield begin
