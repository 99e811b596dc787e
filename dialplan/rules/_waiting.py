"""Rounds of queues and phones that nobody leaves who is not answered, and endless Dials inside of a Gosub."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call
from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Edge, Kind
from dialplan.light import pattern
from dialplan.plan import match
from dialplan.rules._flow import JUMPS, finding, once, place_of
from dialplan.rules._lasting import PURE, Lasting
from dialplan.rules._silence import counter

ARGUMENT = pattern(r"\$\{ARG(\d)\}")


def rounds(flow: Calls, code: str, severity: Severity) -> Iterator[Finding]:
    """At the last jump of each round; D303 has those that are silent."""
    yield from once(_rounds(flow, code, severity))


def _rounds(flow: Calls, code: str, severity: Severity) -> Iterator[Finding | None]:
    def unanswered(_: int, edge: Edge) -> bool:
        return edge.choice.kind not in (Kind.KEY, Kind.WRONG, Kind.TARGET)

    for part in flow.rounds(unanswered):
        inside = set(part)
        if not inside & flow.offering or not inside & flow.callers or not any(map(flow.says, inside - flow.offering)):
            continue
        lasting = Lasting(flow, part, PURE)
        if any(
            node in flow.listening or flow.uncertain(node) or lasting.may_leave(node) or counter(flow, node)
            for node in part
        ):
            continue
        if any(flow.failed(edge) and edge.target not in inside for node in part for edge in flow.space.edges[node]):
            continue
        jumps = [node for node in part if flow.names(node) & JUMPS] or part
        message = "who is not answered goes round here for ever: no limit, no key and nobody else"
        yield finding(flow, code, severity, message, max(jumps, key=lambda one: place_of(flow, one)))


def behind_gosub(flow: Calls, code: str, severity: Severity) -> Iterator[Finding]:
    """A Dial of somebody who is named by the Gosub, without a time-out, and somebody else is called behind it."""
    yield from once(_behind_gosub(flow, code, severity))


def _behind_gosub(flow: Calls, code: str, severity: Severity) -> Iterator[Finding | None]:
    for node in flow.running.get("dial", ()):
        frames = flow.space.states[node].frames
        located = flow.located(node)
        if not frames or located is None or located.calls[0].application.lower() != "dial":
            continue
        back = located.extension.steps.get(located.step.priority + 1)
        named = _named(flow, node, located.calls[0])
        if not named or "@" in named or back is None or back.application.lower() != "return":
            continue
        after = _step(flow, node, 1)
        if after is not None and after.application.lower() in ("dial", "voicemail") and "@" not in after.data:
            message = f"this Dial has no time-out: nobody comes to the {after.application} behind the Gosub"
            yield finding(flow, code, severity, message, node)


def _step(flow: Calls, node: int, offset: int) -> Call | None:
    """The step that called the subroutine, or one behind it."""
    frame = flow.space.states[node].frames[-1]
    found = match.find(flow.machine.plan, frame.context, frame.exten, frame.priority + offset, None, None)
    return Call(found.step.application, found.step.data) if found else None


def _named(flow: Calls, node: int, call: Call) -> str:
    """Whom a Dial without a time-out calls, as far as the Gosub says it in so many words; else ""."""
    if call.argument(2) or "|" in call.data:
        return ""
    given = ARGUMENT.fullmatch(call.argument(1))
    if given is None:
        return call.argument(1) if is_literal(call.argument(1)) else ""
    gosub = _step(flow, node, 0)
    if gosub is None or gosub.application.lower() != "gosub":
        return ""
    arguments = gosub.data.partition("(")[2].rstrip().removesuffix(")").split(",")
    at = int(given[1])
    named = arguments[at - 1].strip() if at <= len(arguments) else ""
    return named if is_literal(named) else ""
