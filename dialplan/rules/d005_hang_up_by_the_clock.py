"""Hung up by the clock, without a word

What it finds
    Callers from outside who are hung up at certain times, nights, holidays, a gap between two time conditions,
    although nothing was said to them and nobody was called.
Why it matters to a caller
    He hears a tone, or nothing, and does not know whether the number is wrong or when to call again. An
    announcement of the opening hours, a mailbox or a guard belongs there.
Bad
    [from-trunk]
    exten => s,1,GotoIfTime(9:00-17:00,mon-fri,*,*?open,s,1)
    same => n,Hangup()   ; expect: D005

    [open]
    exten => s,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,GotoIfTime(9:00-17:00,mon-fri,*,*?open,s,1)
    same => n,Playback(opening-hours)
    same => n,Hangup()

    [open]
    exten => s,1,Dial(PJSIP/operator,30)
When to switch it off
    For a line that is to be silent at night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.graph import reachable
from dialplan.flow.model import Edge, Ended, Kind
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D005"
SEVERITY = Severity.WARNING
MISSION = "D10"


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each end of that kind."""
    yield from once(_found(subject.flow))


def _found(flow: Calls) -> Iterator[Finding | None]:
    for node in sorted(reachable(flow.outside, _silently(flow))):
        for edge in flow.space.edges[node]:
            if edge.choice.kind is not Kind.TIME or edge.target < 0 or edge.target in flow.before_speech:
                continue
            ends = flow.cut_ends(edge.target)
            if ends and all(end.end is not None and end.end.kind is Ended.HANGUP for _, end in ends):
                last, end = ends[0]
                yield finding(
                    flow, CODE, SEVERITY, "at these times the caller is hung up here without a word", last, [end]
                )


def _silently(flow: Calls) -> Callable[[int], list[int]]:
    """Where calls go on without a word, a key or a person; only the clock decides."""

    def goes_on(node: int, edge: Edge) -> bool:
        something = flow.offers(node) or node in flow.listening or flow.says(node) or flow.uncertain(node)
        return not something and edge.choice.kind in (Kind.NOTHING, Kind.TIME)

    return flow.following(goes_on)
