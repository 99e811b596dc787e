"""No limit on wrong keys or silence

What it finds
    A menu to which every wrong key leads back, in the same state: no counter, no condition, no person, no
    program on the way that could end it (what the way does not change, and the time of the day, will not).
    It points at the jump that leads back. A counter that begins
    empty does not count: `$[${WRONG} + 1]` is then a syntax error, and empty again. A Read that asks callers for
    a number again and again while they give none is the same, and a pattern such as `_[2-9]` that takes the
    keys which are no choice and says no more than that. So is a menu to which silence leads back like that.
Why it matters to a caller
    Who cannot find the right key (or has a telephone whose keys do not arrive) never reaches anybody.
    After two or three tries the operator should take the call. A line whose caller is gone, and whose network has not
    said so, is held for ever by a menu that repeats itself.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Playback(invalid)
    same => n,Goto(s,menu)   ; expect: D302
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    same => n,Dial(PJSIP/operator,30)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Set(WRONG=$[0${WRONG} + 1])
    same => n,GotoIf($[${WRONG} > 2]?operator,1)
    same => n,Playback(invalid)
    same => n,Goto(s,menu)
    exten => operator,1,Dial(PJSIP/operator,30)
When to switch it off
    For a menu of your own staff.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.rules._catching import catching
from dialplan.rules._flow import JUMPS, finding, jump_on, once, stuck_counter, way_back
from dialplan.rules._lasting import STORED, Lasting
from dialplan.rules._silence import rounds
from dialplan.subject import Subject

CODE = "D302"
SEVERITY = Severity.WARNING
MISSION = "D3"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each menu that an always wrong caller never leaves."""
    found = list(_found(subject.flow))
    silent = rounds(subject.flow, CODE, SEVERITY) if subject.flow.listening else ()
    told = {one.spot.place for one in found if one}
    yield from once([*found, *(one for one in silent if one and one.spot.place not in told)])


def _found(flow: Calls) -> Iterator[Finding | None]:
    wrong = {n for n in flow.listening if any(_is_wrong(edge) for edge in flow.space.edges[n])}
    asking = flow.listening.intersection(flow.running.get("read", ()), flow.callers) - wrong

    told = flow.listening & flow.menus - flow.given_up
    caught = {node: found for node in told if (found := frozenset(catching(flow, node)))}

    def slip(node: int, edge: Edge) -> bool:
        if edge.target in caught.get(node, ()):
            return edge.choice.kind is Kind.KEY
        return edge.choice.kind is (Kind.WRONG if node in wrong else Kind.SILENCE)

    def allowed(node: int, edge: Edge) -> bool:
        if node in wrong or node in asking or node in caught:
            return slip(node, edge) and (node in wrong or node in asking or edge.choice.kind is Kind.KEY)
        return node not in flow.listening and not flow.offers(node)

    slipping = (wrong | asking | caught.keys()) - flow.given_up
    for part in flow.rounds(allowed):
        inside = set(part)
        slips = [
            (node, edge)
            for node in sorted(inside & slipping)
            for edge in flow.space.edges[node]
            if edge.target in inside and allowed(node, edge)
        ]
        lasting = Lasting(flow, inside, STORED)
        if not slips or any(flow.uncertain(node) or lasting.may_leave(node) for node in part):
            continue
        node, edge = slips[0]
        jump = jump_on(flow, _own_steps(flow, way_back(flow, edge.target, node, inside)))
        context = flow.space.states[node].context
        what = (
            "wrong keys lead back to the menu"
            if edge.choice.kind is not Kind.SILENCE
            else "no answer leads back to the question"
        )
        message = f"{what} in [{context}] for ever: {_why(flow, part)}"
        yield finding(flow, CODE, SEVERITY, message, jump)


def _why(flow: Calls, part: list[int]) -> str:
    name = stuck_counter(flow, part)
    return f"the counter {name} begins empty and stays empty" if name else "nothing counts them"


def _own_steps(flow: Calls, path: list[int]) -> list[int]:
    """The steps of the extension that took the wrong key, when one of them jumps: that is the line to change."""
    first = flow.space.states[path[0]]
    own = [node for node in path if flow.space.states[node][:2] == first[:2]]
    return own if any(flow.names(node) & JUMPS for node in own) else path


def _is_wrong(edge: Edge) -> bool:
    """A key that no extension has, or that the plan asks Read for nowhere."""
    return edge.choice.kind is Kind.WRONG
