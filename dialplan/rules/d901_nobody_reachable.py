"""Nobody can be reached from here

What it finds
    A menu that no key leaves: every key, wrong ones and silence too, leads back into it, and no person,
    no message and no end can be reached (an error); a round with a wait in it, and without a key, a person
    or an end (a warning); a round of who presses nothing which no choice, but a wrong key leads out of (a
    warning, because a prompt may ask for any key); a menu of several choices, none of which leads to
    a person, a mailbox or another system (a warning); a call from outside that is answered and hung up
    without a word (a warning); and a context whose calls all end in Echo, Milliwatt, MusicOnHold or the
    password of a mailbox (a warning; not at a number, which may be one for tests).
Why it matters to a caller
    The caller is trapped, or is sent round and away without having talked to anybody. Some key, or
    silence, must lead to a person.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Playback(opening-hours)
    same => n,Goto(s,menu)   ; expect: D901
    exten => _[02-9*#],1,Goto(s,menu)
    exten => t,1,Goto(s,menu)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(10)
    exten => 1,1,Playback(opening-hours)
    same => n,Goto(s,menu)
    exten => _[02-9*#],1,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    For a line that only gives information and says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import BROKEN, Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Edge, Ended, Kind, Met
from dialplan.rules._flow import JUMPS, finding, once
from dialplan.rules._lasting import STORED, Lasting
from dialplan.subject import Subject

CODE = "D901"
SEVERITY = Severity.ERROR
MISSION = "D9"

CHOICES_OF_A_MENU = 2
NOTHING = frozenset(
    """
    answer endwhile exitwhile goto gotoif gotoiftime hangup log mset noop progress ringing set verbose wait while
    """.split()  # noqa: SIM905 - read as a list of words
)
LISTENS = frozenset({"background", "waitexten", "execif"})
KEEPS = frozenset({"echo", "milliwatt", "musiconhold", "voicemailmain", "vmauthenticate"})
CLOSED = frozenset({Ended.HANGUP, Ended.STAYS, Ended.APPLICATION, Ended.FALLS_OFF, Ended.TIMEOUT})


def check(subject: Subject) -> Iterator[Finding]:
    """Traps at a jump that leads back, menus without a person at the place that listens."""
    flow = subject.flow
    yield from once(_traps(flow))
    yield from once(_without_people(flow))
    yield from once(_answered_for_nothing(flow))
    yield from once(_silent(flow))
    yield from once(_kept(flow))


def _answered_for_nothing(flow: Calls) -> Iterator[Finding | None]:
    for entry in sorted(flow.outside):
        ends = flow.cut_ends(entry)
        if not ends or not all(end.end is not None and end.end.kind is Ended.HANGUP for _, end in ends):
            continue
        run = {name for node in reachable([entry], flow.successors) for name in flow.names(node)}
        if "answer" in run and run <= NOTHING:
            last, end = ends[0]
            context = flow.space.states[entry].context
            message = f"a call that comes in at [{context}] is answered and hung up: nothing is said, nobody is called"
            yield finding(flow, CODE, Severity.WARNING, message, last, [end])


def _kept(flow: Calls) -> Iterator[Finding | None]:
    """Calls from outside that all come to an application without people; a number of its own may be for tests."""
    keeping = {node for name in KEEPS for node in flow.running.get(name, ())} & flow.callers
    for entry in sorted(flow.outside) if keeping else ():
        beyond = reachable([entry], flow.successors)
        ends = {edge.end.kind for node in beyond for edge in flow.space.edges[node] if edge.end is not None}
        if flow.space.states[entry].exten != "s" or not ends <= CLOSED or not beyond & keeping:
            continue
        if any(node in flow.listening or flow.offers(node) or flow.uncertain(node) for node in beyond):
            continue
        node = min(beyond & keeping)
        if all(flow.space.states[one].met is Met.NOBODY for one in beyond) and not _told_as_last(flow, node):
            located = flow.located(node)
            what = located.calls[0].application if located else ""
            context = flow.space.states[entry].context
            message = f"every call that comes in at [{context}] ends in {what}: no person, no mailbox, no key"
            yield finding(flow, CODE, Severity.WARNING, message, node)


def _told_as_last(flow: Calls, node: int) -> bool:
    """Is it the last step of all? Then D902 speaks about it."""
    ends = (edge.end for after in flow.targets[node] for edge in flow.space.edges[after])
    return "voicemailmain" not in flow.names(node) and any(end and end.kind is Ended.FALLS_OFF for end in ends)


def _traps(flow: Calls) -> Iterator[Finding | None]:
    trapped = {node for node in range(len(flow.space.states)) if node not in flow.ending}
    if not trapped:
        return
    for part in flow.rounds(lambda node, edge: node in trapped and edge.target in trapped):
        inside = set(part)
        listens = sorted(inside & flow.menus)
        leaves = any(target not in inside for node in part for target in flow.successors(node))
        if leaves or any(flow.uncertain(node) for node in part):
            continue
        jumps = [node for node in part if flow.names(node) & JUMPS] or listens or part
        first = min(jumps, key=lambda node: _place(flow, node))
        if listens:
            context = flow.space.states[listens[0]].context
            message = f"no key leads out of the menu in [{context}]: the caller goes round until he hangs up"
            yield finding(flow, CODE, SEVERITY, message, first)
        elif _waits(flow, inside):
            message = "the caller waits and goes round here until he hangs up: no key, no person and no end can follow"
            yield finding(flow, CODE, Severity.WARNING, message, first)


def _silent(flow: Calls) -> Iterator[Finding | None]:
    """Rounds of the silent caller in which no key is a choice: only a wrong one leads out of them."""
    dead = {n for n in flow.listening - flow.menus - flow.given_up if n in flow.callers}
    if not dead:
        return

    def quiet(node: int, edge: Edge) -> bool:
        return edge.choice.kind not in (Kind.KEY, Kind.WRONG, Kind.TARGET) and not flow.offers(node)

    for part in flow.rounds(quiet):
        inside = set(part)
        lasting = Lasting(flow, inside, STORED)
        if not inside & dead or inside & flow.menus or any(flow.uncertain(n) or lasting.may_leave(n) for n in part):
            continue
        out = {e.target for n in part for e in flow.space.edges[n] if e.choice.kind is Kind.WRONG} - inside - {-1}
        jumps = [node for node in part if flow.names(node) & JUMPS] or part
        if out & flow.helped:
            message = "who presses nothing goes round here for ever: no key is a choice, only a wrong one leads out"
            yield finding(flow, CODE, Severity.WARNING, message, max(jumps, key=lambda node: _place(flow, node)))


def _waits(flow: Calls, inside: set[int]) -> bool:
    """A round of callers from outside that takes time; those that take none are D301 and D303."""
    seconds = any(edge.seconds > 0 for node in inside for edge in flow.space.edges[node])
    return seconds and inside <= flow.callers


def _place(flow: Calls, node: int) -> tuple[str, int]:
    located = flow.located(node)
    return (located.step.place.file, located.step.place.line) if located else ("", 0)


def _without_people(flow: Calls) -> Iterator[Finding | None]:
    told: set[str] = set()
    open_ended: set[int] | None = None
    for node in sorted(flow.menus & flow.fresh):
        context = flow.space.states[node].context
        if node in flow.helped or node not in flow.ending or context in told or not flow.names(node) & LISTENS:
            continue
        keys = [edge for edge in flow.space.edges[node] if edge.choice.kind is Kind.KEY]
        if len(keys) < CHOICES_OF_A_MENU:
            continue
        if open_ended is None:
            open_ended = flow.before([*_open_ended(flow), *flow.running.get("voicemailmain", ())])
        if node in open_ended:
            continue
        told.add(context)
        message = f"no key of the menu in [{context}] leads to a person or a mailbox"
        yield finding(flow, CODE, Severity.WARNING, message, node)


def _open_ended(flow: Calls) -> Iterator[int]:
    """Nodes at which more may happen than is known, or a dead destination stands in the way: reported by itself."""
    for node, edges in enumerate(flow.space.edges):
        if flow.uncertain(node) or any(edge.end is not None and edge.end.kind in BROKEN for edge in edges):
            yield node
