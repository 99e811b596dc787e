"""A function that this Asterisk does not have

What it finds
    `${NAME(...)}`, or Set of `NAME(...)`, with a function that the chosen version (`--asterisk`) does not
    know: a misspelt name, one in small letters, or one that was removed, such as SIP_HEADER after version
    20. A removed function is reported once, at its first use. What func_odbc.conf defines is known; other names with
    ODBC_ are found only where that file is there, and all of it.
Why it matters to a caller
    Asterisk logs "Function not registered" and goes on with an empty value: the caller's number, the
    state of a telephone or the text that a condition asks for is not there, and the wrong branch is taken.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($[${LENGTH(${CALLERID(num)})} > 4]?ring)   ; expect: C105
    same => n,Playback(hello)
    same => n(ring),Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,GotoIf($[${LEN(${CALLERID(num)})} > 4]?ring)
    same => n,Playback(hello)
    same => n(ring),Dial(PJSIP/operator,30)
When to switch it off
    When a module from outside of Asterisk brings the function. Better: give its documentation with
    `--docs-xml FILE`, so that misspelt names are still found.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from dialplan.applications import tables
from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.neighbours.files import complete, neighbour
from dialplan.subject import Located, Subject

CODE = "C105"
SEVERITY = Severity.WARNING
MISSION = "D1"

READ = pattern(r"\$\{\s*([A-Za-z_]\w*)\(")
WRITTEN = pattern(r"\s*_{0,2}([A-Za-z_]\w*)\([^=]*\)\s*=")
UNDOCUMENTED = frozenset({"JACK_HOOK"})


def check(subject: Subject) -> Iterator[Finding]:
    """Misspelt names one by one, names of other versions once each."""
    database, everything = _from_database(subject)
    known = subject.table.functions | UNDOCUMENTED | database
    other_versions: dict[str, list[Located]] = {}
    for located, name in uses(subject):
        if name in known or (name.startswith("ODBC_") and not everything):
            continue
        if name in _any_version():
            other_versions.setdefault(name, []).append(located)
        else:
            yield Finding(CODE, SEVERITY, _misspelt(subject, name), located.spot)
    for name, places in other_versions.items():
        more = "" if len(places) == 1 else f" and in {len(places) - 1} more places"
        text = (
            f"Asterisk {subject.table.version} does not have the function {name}, used here{more}: its value is empty"
        )
        yield Finding(CODE, SEVERITY, text, places[0].spot)


def uses(subject: Subject) -> Iterator[tuple[Located, str]]:
    """Every function that a priority reads or writes, each once a priority."""
    for located in subject.steps():
        data = located.step.data
        if "(" not in data:
            continue
        names = dict.fromkeys(READ.findall(data)) if "${" in data else {}
        for call in located.calls:
            written = WRITTEN.match(call.data) if call.application.lower() == "set" else None
            if written:
                names[written[1]] = None
        yield from ((located, name) for name in names)


@functools.cache
def _any_version() -> frozenset[str]:
    return frozenset().union(*(tables.load(version).functions for version in tables.VERSIONS))


def _from_database(subject: Subject) -> tuple[set[str], bool]:
    """Names that func_odbc.conf beside the plan defines, PREFIX_SECTION or ODBC_SECTION; False: there may be more."""
    found = neighbour(subject, "func_odbc.conf")
    names = {f"{one.last('prefix') or 'ODBC'}_{one.name}" for one in (found.sections if found else ())}
    return names, complete(subject, "func_odbc.conf") is not None


def _misspelt(subject: Subject, name: str) -> str:
    import difflib  # slow to load, and seldom needed

    near = [name.upper()] if name.upper() in subject.table.functions else []
    near = near or difflib.get_close_matches(name.upper(), subject.table.functions, n=1, cutoff=0.8)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no function {name} in Asterisk {subject.table.version}: its value is empty{hint}"
