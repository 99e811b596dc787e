"""An application that this Asterisk does not have

What it finds
    A priority, or a nested call in ExecIf, with an application that the chosen version (`--asterisk`)
    does not know: a misspelt name, or one that was removed, such as Macro after version 20. A removed
    application is reported once, at its first use, with the number of its uses.
Why it matters to a caller
    Asterisk logs "No application" and hangs up at this step.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Plaback(welcome)   ; expect: C103
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Playback(welcome)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When a module from outside of Asterisk brings the application. Better: give its documentation with
    `--docs-xml FILE`, so that misspelt names are still found.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.effects import EFFECTS
from dialplan.finding import Finding, Severity
from dialplan.subject import Located, Subject

CODE = "C103"
SEVERITY = Severity.ERROR
MISSION = "D1"


def check(subject: Subject) -> Iterator[Finding]:
    """Misspelt names one by one, names of other versions once each."""
    other_versions: dict[str, list[Located]] = {}
    for located in subject.steps():
        for call in located.calls:
            name = call.application
            if call.tolerant or not is_literal(name) or subject.table.find(name):
                continue
            if not name:
                text = "no application stands here: the call is cut off; is a comma missing in front of its name?"
                yield Finding(CODE, SEVERITY, text, located.spot)
            elif name.lower() in EFFECTS:
                other_versions.setdefault(EFFECTS[name.lower()].name, []).append(located)
            else:
                yield Finding(CODE, SEVERITY, _misspelt(subject, name), located.spot)
    for name, places in other_versions.items():
        yield Finding(CODE, SEVERITY, _other_version(subject, name, len(places)), places[0].spot)


def _misspelt(subject: Subject, name: str) -> str:
    import difflib  # slow to load, and seldom needed

    plain, comma, arguments = name.partition(",")
    if comma and subject.table.find(plain):
        hint = f"; arguments stand in parentheses: {plain}({arguments})"
        return f"there is no application {name} in Asterisk {subject.table.version}: the call is cut off here{hint}"
    near = difflib.get_close_matches(name.lower(), subject.table.applications, n=1, cutoff=0.75)
    hint = f"; did you mean {subject.table.applications[near[0]].name}?" if near else ""
    return f"there is no application {name} in Asterisk {subject.table.version}: the call is cut off here{hint}"


def _other_version(subject: Subject, name: str, uses: int) -> str:
    where = "here" if uses == 1 else f"here and in {uses - 1} more places"
    return f"Asterisk {subject.table.version} does not have {name}, used {where}: the call is cut off"
