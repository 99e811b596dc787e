"""Return without Gosub

What it finds
    A Return in a context that calls enter by Goto, and that no Gosub of the plan leads to in any way.
    Nothing is said when some Gosub computes its target. Also a subroutine that others call by Gosub, when
    a call from outside surely comes to it by Goto. Also a context that nothing in the files leads
    to, that answers calls itself and then returns (a warning: the Gosub may be somewhere else).
Why it matters to a caller
    Asterisk logs "Return without Gosub" and hangs up.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Goto(ask,s,1)

    [ask]
    exten => s,1,Playback(welcome)
    same => n,Return()   ; expect: D109
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Gosub(ask,s,1)
    same => n,Dial(PJSIP/operator,30)

    [ask]
    exten => s,1,Playback(welcome)
    same => n,Return()
When to switch it off
    When a program (AGI, ARI, a queue's settings) enters the context by Gosub.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.effect import Kind
from dialplan.finding import Finding, Severity
from dialplan.flow.graph import reachable
from dialplan.flow.model import Kind as Chosen
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Subject

CODE = "D109"
SEVERITY = Severity.ERROR
MISSION = "D10"

WORD = pattern(r"[\w-]+")
SUBROUTINE = pattern(r"^(macro|sub|func|gosub)|[-_]sub([-_]|$)|predial|hook|handler", re.I)
ASSUMED = frozenset({Chosen.CONDITION, Chosen.TARGET})
JUMPING = frozenset({"goto", "gotoif", "gotoiftime"})


@functools.lru_cache(maxsize=16384)
def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text))


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each Return that no open Gosub can be there for."""
    yield from once([*_static(subject), *_unreferenced(subject), *_also_by_goto(subject), *_nobody_calls(subject)])


def _static(subject: Subject) -> Iterator[Finding]:
    edges, framed = _graph(subject)
    if framed is None:
        return
    framed = _closure(edges, framed)
    entered = {context for source, reached in edges.items() if source not in framed for context in reached}
    for located in subject.steps():
        name = located.context.name
        if located.calls[0].application.lower() == "return" and name in entered and name not in framed:
            message = f"Return in [{name}], which is entered by Goto and by no Gosub: the call is cut off here"
            yield Finding(CODE, SEVERITY, message, located.spot)


def _unreferenced(subject: Subject) -> Iterator[Finding | None]:
    """A context that nothing in the files names answers calls itself, and returns although no Gosub is open."""
    flow = subject.flow
    named = {word for one in subject.steps() for call in one.calls for word in _words(call.data)}
    named |= {include.context for context in subject.plan.contexts.values() for include in context.includes}
    for entry in flow.space.entries:
        start = flow.space.states[entry]
        if start.context in named or SUBROUTINE.search(start.context) or flow.names(entry) != {"answer"}:
            continue
        for node in sorted(reachable([entry], flow.successors)):
            here = flow.space.states[node]
            for edge in flow.space.edges[node]:
                if here.context == start.context and not here.frames and edge.end and "Return" in edge.end.text:
                    message = (
                        f"Return in [{here.context}], which answers calls itself: without a Gosub it cuts them off"
                    )
                    yield finding(flow, CODE, Severity.WARNING, message, node, [edge])


def _also_by_goto(subject: Subject) -> Iterator[Finding | None]:
    """A call from outside that a Goto has sent into a subroutine which others call by Gosub."""
    flow = subject.flow
    starts = {flow.space.states[entry].context for entry in flow.space.entries}
    sure = reachable(flow.outside, flow.following(lambda _, edge: edge.choice.kind not in ASSUMED))
    for node in sorted(sure & flow.callers):
        here = flow.space.states[node]
        if here.frames or flow.uncertain(node) or here.context in starts:
            continue
        for edge in flow.space.edges[node]:
            if edge.end and "Return" in edge.end.text:
                message = f"Return in [{here.context}], which this call has entered by Goto: it is cut off here"
                yield finding(flow, CODE, SEVERITY, message, node, [edge])


def _nobody_calls(subject: Subject) -> Iterator[Finding | None]:
    """A place that is reached by Goto only, and only from contexts that nothing else leads to."""
    flow = subject.flow
    starts = [e for e in flow.space.entries if not SUBROUTINE.search(flow.space.states[e].context)]
    sure = reachable(starts, flow.following(lambda _, edge: edge.choice.kind not in ASSUMED))
    entered = {flow.space.states[entry].context for entry in flow.space.entries}
    framed = {(s.context, s.exten) for s in flow.space.states if s.frames}
    for node in sorted(sure):
        here = flow.space.states[node]
        if here.frames or flow.uncertain(node) or here.context in entered or here[:2] in framed:
            continue
        for edge in flow.space.edges[node]:
            if edge.end and "Return" in edge.end.text:
                message = (
                    f"Return in [{here.context}], which is entered by Goto here: without a Gosub it cuts calls off"
                )
                yield finding(flow, CODE, Severity.WARNING, message, node, [edge])


def _graph(subject: Subject) -> tuple[dict[str, set[str]], set[str] | None]:
    """Contexts reached by Goto from other contexts; those that a Gosub may start in, None when computed.

    A context whose name stands in any other application's arguments counts as started by a Gosub: options of
    Dial, hang-up handlers and the like name subroutines in many ways.
    """
    edges: dict[str, set[str]] = {}
    framed: set[str] = set()
    for located in subject.steps():
        source = located.context.name
        for call in located.calls:
            if call.application.lower() not in JUMPING:
                framed.update(_words(call.data))
        for _, target in located.targets:
            if target.kind is Kind.GOSUB:
                if not is_literal(target.context or "") and target.context != "${CONTEXT}":
                    return edges, None
                framed.update(subject.places.currents(source) if target.context is None else (target.context,))
            elif target.kind is Kind.GOTO and target.context is not None and target.context != source:
                edges.setdefault(source, set()).add(target.context)
                if not is_literal(target.context):
                    return edges, None
    return _with_includes(subject, edges), framed


def _with_includes(subject: Subject, edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """A line of an included context runs while its includer is current, and the other way round."""
    for context in subject.plan.contexts.values():
        for include in context.includes:
            edges.setdefault(context.name, set()).add(include.context)
    return edges


def _closure(edges: dict[str, set[str]], start: set[str]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for context in edges.get(waiting.pop(), ()):
            if context not in found:
                found.add(context)
                waiting.append(context)
    return found
