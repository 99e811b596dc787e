"""A limit that all callers share

What it finds
    A round in which the counter that is to end it is a global variable, or a place in the database with a
    fixed name: `Set(GLOBAL(TRIES)=$[${TRIES} + 1])`, asked on the same round.
Why it matters to a caller
    The counter does not begin anew with each call. After some calls it has passed the limit: from then on the
    first slip ends in what was meant for the third. Two callers at once count each other's slips, and one who
    sets it back sends the other round again.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n(menu),Background(welcome)
    same => n,WaitExten(5)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Set(GLOBAL(TRIES)=$[0${GLOBAL(TRIES)} + 1])   ; expect: D306
    same => n,GotoIf($[${GLOBAL(TRIES)} < 3]?s,menu)
    same => n,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Set(TRIES=0)
    same => n(menu),Background(welcome)
    same => n,WaitExten(5)
    exten => 1,1,Dial(PJSIP/sales,30)
    exten => i,1,Set(TRIES=$[${TRIES} + 1])
    same => n,GotoIf($[${TRIES} < 3]?s,menu)
    same => n,Dial(PJSIP/operator,30)
    exten => t,1,Dial(PJSIP/operator,30)
When to switch it off
    When it is meant to count all calls: how many go round at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.flow.calls import Calls
from dialplan.flow.model import Kind
from dialplan.light import pattern
from dialplan.rules._flow import finding, once
from dialplan.subject import Located, Subject

CODE = "D306"
SEVERITY = Severity.WARNING
MISSION = "D3"

GLOBAL = pattern(r"GLOBAL\((?P<name>\w+)\)=.*\$\{(?:GLOBAL\((?P=name)\)|(?P=name))\}.*")
DATABASE = pattern(r"(?P<name>DB\([\w/-]+\))=.*\$\{(?P=name)\}.*")
ASKS = frozenset({"gotoif", "execif", "gosubif", "while"})


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each step that counts."""
    if any(_shared(call.data) for _, call in subject.by_application.get("set", ())):
        yield from once(_found(subject.flow))


def _shared(data: str) -> str:
    """What the step counts with for all callers, "" for another step."""
    found = (GLOBAL.fullmatch(data) or DATABASE.fullmatch(data)) if "(" in data.partition("=")[0] else None
    return found["name"] if found else ""


def _found(flow: Calls) -> Iterator[Finding | None]:
    for part in flow.rounds(lambda _, edge: edge.choice.kind is not Kind.TARGET):
        inside = set(part)
        asked = [located for node in part if _leads_out(flow, node, inside) and (located := flow.located(node))]
        for node in sorted(inside & flow.callers):
            counting = flow.located(node)
            name = _counted(counting)
            if counting is not None and any(_asks_for(located, name) for located in asked):
                what = "a place in the database" if name.startswith("DB(") else "a global variable"
                again = "who calls meanwhile sets it back" if _set_back(flow, name) else "it does not begin anew"
                message = f"the limit counts in {name}, {what}: all callers share it, {again}"
                yield finding(flow, CODE, SEVERITY, message, node)


def _set_back(flow: Calls, name: str) -> bool:
    """Does some step give it a value that is written out?"""
    begins = (f"GLOBAL({name})=", f"{name}=")
    sets = (call.data.strip() for _, call in flow.subject.by_application.get("set", ()))
    return any(text.startswith(begins) and "$" not in text for text in sets)


def _counted(located: Located | None) -> str:
    """What the step counts with for all callers."""
    calls = located.calls if located else ()
    return next((name for call in calls if call.application.lower() == "set" and (name := _shared(call.data))), "")


def _asks_for(located: Located, name: str) -> bool:
    """Is this what the condition looks at?"""
    test = located.step.data.partition("?")[0]
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", test) is not None


def _leads_out(flow: Calls, node: int, inside: set[int]) -> bool:
    edges = flow.space.edges[node]
    decides = any(edge.choice.kind is Kind.CONDITION for edge in edges)
    return decides and bool(flow.names(node) & ASKS) and any(edge.target not in inside for edge in edges)
