"""Dead destination

What it finds
    A jump to a place that does not exist: Goto, GotoIf, GotoIfTime, Gosub, GosubIf, the same inside of
    ExecIf, and Dial's option G. The context, the extension, the priority or the label is missing, or
    nothing is named at all: `Goto()`. A Macro without its context is a warning: Asterisk goes on after
    it. A jump within the current context is judged in every context that includes it, and is reported
    when it is dead in all of them, or in one that another jump surely leads to. A missing extension
    that the `i` of its context takes is not reported. `Goto(,label)` is dead, too: a place that is left empty
    has no labels. Warnings are: a place that only includes with times bring in, outside of these hours; a
    priority or label that only some of the numbers have which come to the jump; a name in [globals] that a
    jump like `Goto(${DEST_${X}},s,1)` may choose, and that is no context; a context in which Background,
    ReadExten, Directory or DISA are to look for the number, and which is missing; a computed jump when a value that
    the files themselves give it leads nowhere: `s-${DIALSTATUS}` without s-CHANUNAVAIL; a jump that
    waits for a value of a variable which nothing in the files sets; one to a number that a setting names
    in a context that is missing: generated dialplans leave empty tables of destinations out; and a Dial of a
    Local channel whose context or extension is missing.
Why it matters to a caller
    The call is cut off in the middle, without a word.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($["${HOUR}" = "12"]?lunch,s,1)   ; expect: D101
    same => n,Goto(operator,1)   ; expect: D101
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($["${HOUR}" = "12"]?lunch,s,1)
    same => n,Goto(operator,1)
    exten => operator,1,Dial(PJSIP/operator,30)

    [lunch]
    exten => s,1,Dial(PJSIP/reception,30)
When to switch it off
    When the target is made by something outside of the files: a realtime table, a module.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import cut, is_literal, options
from dialplan.applications.calls import Call, Target
from dialplan.applications.effect import Kind as Jumping
from dialplan.finding import Finding, Severity
from dialplan.flow import variables as names
from dialplan.flow.calls import Calls
from dialplan.flow.classes import numbers
from dialplan.flow.model import HOURS, Edge, Ended, Kind
from dialplan.light import pattern
from dialplan.plan.model import Place
from dialplan.resolve import DEAD, Fate, Resolved, resolve
from dialplan.rules._flow import JUMPS, finding, once
from dialplan.rules._targets import for_some, tables
from dialplan.rules.d105_unreachable import unreachable
from dialplan.subject import Located, Subject

CODE = "D101"
SEVERITY = Severity.ERROR
MISSION = "D1"

WAITS_FOR = pattern(r'\s*\$\[\s*"?\$\{([A-Za-z_]+)\}"?\s*==?\s*"?[\w.-]+"?\s*\]\s*\?[^:]+$')
WORD = pattern(r"\w+")
NAMED = pattern(r"\$\{(\w+)")
GIVEN = ("ARG", "MACRO_", "LOCAL_ARG")
READ_ONLY = pattern(r"\$\{\w+")
SETS = frozenset({"set", "mset", "read", "execif", "setglobalvar", "agi", "eagi", "gosub", "macro", "dial", "queue"})
BY_ASTERISK = frozenset({"EXTEN", "CONTEXT", "CHANNEL", "HANGUPCAUSE", "UNIQUEID", "HOUR", "PRIORITY", "BLINDTRANSFER"})
LOOKS_UP = {"background": 4, "readexten": 3, "directory": 2, "disa": 2}
"""The argument that names the context in which a number is looked for."""
FOUND = pattern(r"READEXTENSTATUS\}\"?\s*==?\s*\"?OK")  # ReadExten itself has looked the number up
HANDLER = pattern(r"(?i)\s*CHANNEL\(hangup_handler_(?:push|wipe)\)\s*=([^,(]*),[^,(]*,")
LOCAL = pattern(r"(?i)(?:^|&)Local/([^@&]+)@([^/&]+)")
NOWHERE = frozenset({Ended.INVALID, Ended.DEAD_JUMP, Ended.FALLS_OFF})


def check(subject: Subject) -> Iterator[Finding]:
    """Dead targets that are written in a priority, then computed ones that calls have met."""
    written = list(_written(subject))
    yield from written
    yield from once(_computed(subject.flow, {one.spot.place for one in written}))
    yield from once(_at_times(subject.flow, {one.spot.place for one in written}))
    yield from for_some(subject)
    yield from tables(subject)
    yield from _of_others(subject)
    yield from _local(subject)


def _local(subject: Subject) -> Iterator[Finding]:
    """A Dial of a Local channel needs its extension, `i` does not take it (measured)."""
    dials = subject.by_application.get("dial", ()) if not subject.fragment else ()
    for located, call in dials:
        for exten, context in LOCAL.findall(call.argument(1)):
            if not is_literal(exten + context) or context in subject.elsewhere or subject.places.open_ended(context):
                continue
            there = context in subject.plan.contexts
            if not there or not subject.places.exists(context, exten):
                missing = f"extension {exten} in [{context}]" if there else f"context [{context}]"
                message = f"Dial of Local/{exten}@{context}: there is no {missing}: nobody is called by it"
                yield Finding(CODE, Severity.WARNING, message, located.spot)


def _of_others(subject: Subject) -> Iterator[Finding]:
    """Places for another channel, or for the time after the call: Originate's extension, hang-up handlers."""
    places = [
        (located, call.argument(3), "Originate")
        for located, call in subject.by_application.get("originate", ())
        if call.argument(2).lower() == "exten"
    ]
    for located, call in subject.by_application.get("set", ()):
        found = HANDLER.match(call.data)
        if found:
            places.append((located, found[1].strip(), "the hang-up handler"))
    for located, call in subject.by_application.get("dial", ()):
        places += [
            (located, text.partition("^")[0], f"Dial's option {letter}")
            for letter, text in options(call.argument(3)).items()
            if letter == "U"
        ]
    for located, context, who in places:
        if _is_missing(subject, context):
            message = f"there is no context [{context}]: {who} runs nothing"
            yield Finding(CODE, Severity.WARNING, message, located.spot)
    for name, argument in LOOKS_UP.items():
        for located, call in subject.by_application.get(name, ()):
            context = call.argument(argument).partition("@")[0] if name == "disa" else call.argument(argument)
            if _is_missing(subject, context):
                message = f"there is no context [{context}], in which {call.application} is to look: it finds no number"
                yield Finding(CODE, Severity.WARNING, message, located.spot)


def _is_missing(subject: Subject, context: str) -> bool:
    known = context in subject.plan.contexts or context in subject.elsewhere
    return bool(context) and is_literal(context) and not known and not subject.fragment


def _computed(flow: Calls, told: set[Place]) -> Iterator[Finding | None]:
    jumping = {node for name in JUMPS for node in flow.running.get(name, ())}
    for node in sorted(jumping - flow.given_up):
        located, edges = flow.located(node), flow.space.edges[node]
        if located is None:
            continue
        if all(target.literal for _, target in located.targets) or _only_called(flow, node, located):
            continue
        if located.step.place in told or FOUND.search(located.step.data):
            continue
        for edge in edges:
            end = _dead_end(flow, node, edge)
            if end is not None and end.end is not None:
                message = f"{located.calls[0].application} to {located.step.data}: {end.end.text}"
                last = [edge] if end is edge else [edge, end]
                yield finding(flow, CODE, Severity.WARNING, message, node, last)


def _at_times(flow: Calls, told: set[Place]) -> Iterator[Finding | None]:
    """Places that only includes with times bring in: outside of these hours they are missing."""
    if flow.machine.hours is None:
        return
    jumping = {node for name in JUMPS for node in flow.running.get(name, ())}
    for node in sorted(jumping - flow.given_up):
        located = flow.located(node)
        if located is None or located.step.place in told or not any(target.literal for _, target in located.targets):
            continue
        for edge in flow.space.edges[node]:
            for last in _ends_of_hours(flow, node, edge):
                end, when = last[-1].end, names.get(flow.space.states[node].variables, HOURS) or last[1].choice.value
                message = f"{located.calls[0].application} to {located.step.data}, as at {when}: {end and end.text}"
                yield finding(flow, CODE, Severity.WARNING, message, node, last)


def _ends_of_hours(flow: Calls, node: int, edge: Edge) -> Iterator[list[Edge]]:
    """Edges from a jump to an end because the place is missing, in the hours that are known or come to be."""
    if edge.target < 0 or edge.choice.kind is Kind.TARGET:
        return
    if names.get(flow.space.states[node].variables, HOURS):
        end = _dead_end(flow, node, edge)
        if end is not None and end is not edge:
            yield [edge, end]
        return
    there, here = flow.space.states[edge.target], flow.space.states[node]
    if there[:2] == here[:2] or there.free:
        return
    for hop in flow.space.edges[edge.target]:
        if hop.target >= 0 and hop.choice.kind is Kind.TIME and flow.space.found[hop.target] is None:
            yield from ([edge, hop, one] for one in flow.space.edges[hop.target] if one.end and one.end.kind in NOWHERE)


def _only_called(flow: Calls, node: int, located: Located) -> bool:
    """Is it a subroutine without the arguments of its Gosub, or a number that stands for its whole pattern?"""
    if located.extension.pattern.startswith("_") and "EXTEN" in located.step.data:
        return not _single_key(located.extension.pattern)
    if flow.space.states[node].frames:
        return False
    steps = (step for extension in located.context.extensions for step in extension.steps.values())
    return any(step.application.lower() in ("return", "macroexit") for step in steps)


def _single_key(pattern: str) -> bool:
    """A pattern of one place: each of its keys has been tried by itself."""
    return all(exact and len(number) == 1 for number, exact in ((n, not sample) for n, sample in numbers(pattern)))


def _dead_end(flow: Calls, node: int, edge: Edge) -> Edge | None:
    """The end of a call that this edge, taken on known values, leads to at once."""
    if edge.choice.kind is Kind.TARGET:
        return None
    if edge.target < 0:
        return edge if edge.end is not None and edge.end.kind is Ended.DEAD_JUMP else None
    there, here = flow.space.states[edge.target], flow.space.states[node]
    goes_on = there[:2] == here[:2] and there.priority == here.priority + 1
    if goes_on or there.free or there.frames != here.frames or flow.space.found[edge.target] is not None:
        return None
    return next((one for one in flow.space.edges[edge.target] if one.end and one.end.kind in NOWHERE), None)


def _written(subject: Subject) -> Iterator[Finding]:
    dead = unreachable(subject)
    left_out: dict[str, list[Located]] = {}
    for located in subject.steps():
        for call, target in located.targets:
            if target.text.strip() and id(located.step) in dead:
                continue
            if "|" in target.text or not subject.table.find(call.application):
                continue
            resolved = resolve(subject, located, target)
            if resolved.fate in DEAD:
                if _table(target, resolved) and _chosen_elsewhere(subject, target):
                    left_out.setdefault(resolved.context, []).append(located)
                    continue
                doubtful = target.kind is Jumping.MACRO or _set_by_nobody(subject, call) or _table(target, resolved)
                severity = Severity.WARNING if doubtful else SEVERITY
                yield Finding(CODE, severity, message(call, target, resolved), located.spot)

    for context, places in left_out.items():
        more = f" and in {len(places) - 1} more" if len(places) > 1 else ""
        text = f"there is no context [{context}], to which settings that are not in the files may lead, here{more}"
        yield Finding(CODE, Severity.INFO, text, places[0].spot)


def _chosen_elsewhere(subject: Subject, target: Target) -> bool:
    """Is the number of a table taken from a variable that nothing in the files sets?"""
    asked = {name for name in NAMED.findall(target.exten or "") if not name.startswith(GIVEN)} - BY_ASTERISK
    written: set[str] | None = subject.memo.get("set anywhere")
    if written is None and asked:
        words = (WORD.findall(READ_ONLY.sub(" ", call.data)) for one in subject.steps() for call in one.calls)
        written = subject.memo["set anywhere"] = {word for found in words for word in found}
    return bool(asked) and not any(name in (written or ()) or name in subject.plan.globals for name in asked)


def _table(target: Target, resolved: Resolved) -> bool:
    """Is it a table of destinations that settings choose from, and that generated dialplans leave out while empty?"""
    exten = target.exten or ""
    return resolved.fate is Fate.NO_CONTEXT and "$" in exten.replace("${EXTEN", "")


def _set_by_nobody(subject: Subject, call: Call) -> bool:
    """Does the jump wait for a value of a variable that nothing here sets? Then something outside has to set it."""
    found = WAITS_FOR.match(call.data)
    if found is None or found[1].endswith("STATUS") or found[1] in BY_ASTERISK or found[1] in subject.plan.globals:
        return False
    set_here: set[str] | None = subject.memo.get("set here")
    if set_here is None:
        words = (WORD.findall(one.step.data) for one in subject.steps() if one.step.application.lower() in SETS)
        set_here = subject.memo["set here"] = {word for found in words for word in found}
    return found[1] not in set_here


def _empty(target: Target) -> str:
    """Why a label that is there is not found."""
    return " when the place before it is left empty" if "" in cut(target.text, ",")[:3][:-1] else ""


def message(call: Call, target: Target, resolved: Resolved) -> str:
    """What is missing, in words."""
    if resolved.fate is Fate.EMPTY:
        return f"{call.application}() names no place: the call is cut off here"
    place = resolved.target
    exten = resolved.exten if resolved.exten == resolved.exten.strip() else repr(resolved.exten)
    missing = {
        Fate.NO_CONTEXT: f"there is no context [{resolved.context}]",
        Fate.NO_EXTEN: f"there is no extension {exten} in [{resolved.context}]",
        Fate.NO_PRIORITY: f"{exten} in [{resolved.context}] has no priority {place.priority}",
        Fate.NO_LABEL: f"{exten} in [{resolved.context}] has no label {place.label!r}{_empty(target)}",
    }[resolved.fate]
    end = "nothing is done here" if target.kind is Jumping.MACRO else "the call is cut off here"
    return f"{call.application} to {target.text}: {missing}: {end}"
