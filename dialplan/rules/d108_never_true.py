"""A condition that is always the same

What it finds
    A comparison in which one side stands in quotes and the other does not: quotes belong to the text in
    Asterisk, so `"${X}" = BUSY` compares `"BUSY"` with `BUSY`. Also a status variable compared with a
    word that its application never gives, a variable compared with a word that no Set gives it, a
    comparison of two constants, one without `$[ ]` (that is a text, and true unless it begins with 0), and
    two of one variable that cannot both hold (`&`) or of which one always does (`|` of two `!=`); a part
    of a value compared with a longer word, `${EXTEN}` with a number that its own pattern does not fit, a number
    with a pattern (`49*`), what Read takes with a longer number than it takes, and a `{NAME}` without its `$`;
    and a counter that nothing has set before: `$[${N} < 3]` is an error while N is empty, and false. A condition
    right behind the Set that decides it is an information: it may be a switch that is set by hand.
Why it matters to a caller
    The branch for busy, for the holiday, for the operator is never taken, or always.
Bad
    [from-trunk]
    exten => s,1,Dial(PJSIP/sales,30)
    same => n,GotoIf($["${DIALSTATUS}" = BUSY]?busy)   ; expect: D108
    same => n,Dial(PJSIP/operator,30)
    same => n(busy),VoiceMail(100,b)
Good
    [from-trunk]
    exten => s,1,Dial(PJSIP/sales,30)
    same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
    same => n,Dial(PJSIP/operator,30)
    same => n(busy),VoiceMail(100,b)
When to switch it off
    Never: write both sides the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.applications.arguments import cut
from dialplan.expression import condition, evaluate
from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.rules import _contradiction as contradiction
from dialplan.rules import _lengths as lengths
from dialplan.subject import Subject

CODE = "D108"
SEVERITY = Severity.WARNING
MISSION = "D1"

QUOTED = r'"(?P<{0}q>[^"$\[\]]*(?:\$\{{[^{{}}"]+\}})?[^"$\[\]]*)"'
PLAIN = r"(?P<{0}p>(?:\$\{{[\w-]+\}}|\$\{{CALLERID\(\w+\)\}}|[\w.-]+))"
SIDE = f"(?:{QUOTED}|{PLAIN})"
COMPARED = pattern(rf"\$\[\s*{SIDE.format('l')}\s*(?P<how>==|=)\s*{SIDE.format('r')}\s*\]")
STATUS = frozenset({"DIALSTATUS", "QUEUESTATUS", "VMSTATUS", "AGISTATUS", "READSTATUS", "PLAYBACKSTATUS"})
DECIDES = frozenset({"gotoif", "execif", "while", "gosubif", "if", "elseif"})
WHOLE = frozenset({"while", "if", "elseif"})
REFERENCE = pattern(r"\$\{[^{}]*\}")
OPERATOR = pattern(r"[=<>]")
ON_PURPOSE = pattern(r"\s*\$\[\s*(\S+)\s*==?\s*\1\s*\]\s*")  # 1 = 1
VARIABLE = pattern(r"\$\{([\w-]+|CALLERID\(\w+\))\}")
NEVER_QUOTED = STATUS | {"EXTEN", "CONTEXT", "CALLERID(num)", "CALLERID(number)"}
LITERAL = pattern(r'\s*_{0,2}([A-Za-z]\w*)=([^$"]*)$')
FLAGS = frozenset({"", "0", "1", "yes", "no", "true", "false", "on", "off"})  # switches that are set by hand
WRITES = pattern(r"([A-Za-z]\w*)\s*=(?!=)")
OTHERS = frozenset({"read", "readexten", "agi", "eagi", "deadagi", "fastagi", "stasis", "externalivr", "macro", "mset",
                    "array", "import", "importvar", "execif", "speechbackground", "backgrounddetect"})  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each comparison."""
    found = list(_compared(subject))
    yield from found
    asking = ("gotoif", "execif", "while")
    if any("${" in call.data for name in asking for _, call in subject.by_application.get(name, ())):
        from dialplan.rules._decided import begun_empty, decided_above

        told = {one.spot.place for one in found}
        for severity, finding in ((SEVERITY, begun_empty), (Severity.INFO, decided_above)):
            for located, text in finding(subject):
                if located.spot.place not in told:
                    yield Finding(CODE, severity, text, located.spot)


def _compared(subject: Subject) -> Iterator[Finding]:
    words: dict[str, set[str]] = {}
    read = _most_of_read(subject)
    for located in subject.steps():
        for call in located.calls:
            if call.application.lower() not in DECIDES:
                continue
            test = call.data if call.application.lower() in WHOLE else cut(call.data, "?", 2)[0]
            text = _always(test) or contradiction.why(test)
            text = text or next(lengths.why(test, located.extension.pattern, read), "")
            if text:
                yield Finding(CODE, SEVERITY, text, located.spot)
                continue
            for found in _comparisons(call.data.partition("?")[0]):
                words = words or _words(subject)
                text = _why(found, words)
                if text:
                    yield Finding(CODE, SEVERITY, f"{found[0]} is never true: {text}", located.spot)


def _comparisons(test: str) -> Iterator[re.Match[str]]:
    """Those that are a whole expression, and the parts of `$[ A & B ]`."""
    yield from COMPARED.finditer(test)
    whole = contradiction.INSIDE.fullmatch(test) if "&" in test and "|" not in test else None
    for part in contradiction.AND.split(whole["text"]) if whole else ():
        found = COMPARED.fullmatch(f"$[{part.strip()}]")
        if found:
            yield found


def _most_of_read(subject: Subject) -> dict[str, int]:
    """Variables that only Read sets, each with the most keys that any of them takes."""
    found: dict[str, int] = {}
    for _, call in subject.by_application.get("read", ()):
        name, most = call.argument(1), call.argument(3)
        found[name] = max(found.get(name, 0), int(most) if most.isdigit() and int(most) else 255)
    if not found or subject.by_application.keys() & OTHERS - {"execif", "read"}:
        return {}
    for located in subject.steps():
        for call in located.calls:
            for name in WRITES.findall(call.data) if "=" in call.data else ():
                if call.application.lower() not in DECIDES:
                    found.pop(name, None)
    return {name: most for name, most in found.items() if name not in subject.plan.globals}


def _always(test: str) -> str:
    """What is wrong with a condition that no value changes; "" for a plain 1 or 0, which is meant so."""
    if "$[" not in test:
        plain = REFERENCE.sub("", REFERENCE.sub("", REFERENCE.sub("", test)))
        compares = "${" in test and "$" not in plain and OPERATOR.search(plain)
        text = f"{test.strip()} compares nothing without $[ ]: a text is true unless it begins with 0"
        return text if compares else ""
    if "${" in test or not OPERATOR.search(test) or ON_PURPOSE.fullmatch(test):
        return ""
    truth = condition(evaluate(test, {}))
    return "" if truth is None else f"{test.strip()} is always {str(truth).lower()}: both sides are constants"


def _why(found: re.Match[str], words: dict[str, set[str]]) -> str:
    left, right = found["lq"] is not None, found["rq"] is not None
    plain = found["lp"] or found["rp"] or ""
    if left != right and not VARIABLE.fullmatch(plain):
        return "the quotes on one side belong to the text"
    sides = [found["lq"] if left else found["lp"], found["rq"] if right else found["rp"]]
    for one, other in (sides, sides[::-1]):
        variable = VARIABLE.fullmatch(one or "")
        if variable is None or other is None or "$" in other or (not other and left == right):
            continue
        if left != right:
            if variable[1] in NEVER_QUOTED:
                return "the quotes on one side belong to the text"
            continue
        if words.get(variable[1]) and other not in words[variable[1]] and not {other, *words[variable[1]]} <= FLAGS:
            values = sorted(value or "(empty)" for value in words[variable[1]])
            return f"{variable[1]} is one of {', '.join(values)}"
    return ""


def _constants(subject: Subject) -> dict[str, set[str]]:
    """Variables that nothing but Set gives values, and all of these are written out; none beside a program."""
    if not OTHERS.isdisjoint(subject.by_application) and subject.by_application.keys() & OTHERS - {"execif"}:
        return {}
    found: dict[str, set[str]] = {}
    computed: set[str] = set()
    for located in subject.steps():
        call = located.calls[0]
        literal = LITERAL.match(call.data) if call.application.lower() == "set" else None
        if literal:
            found.setdefault(literal[1], set()).add(literal[2])
        elif call.application.lower() in ("set", "execif", "gosub", "gosubif", "dial", "queue", "originate"):
            computed.update(WRITES.findall(call.data))
    return {
        name: values | {""}
        for name, values in found.items()
        if name not in computed and name not in subject.plan.globals and not name.isdigit()
    }


def _words(subject: Subject) -> dict[str, set[str]]:
    """What each status variable can be, and each that the plan alone sets; nothing for others."""
    found: dict[str, set[str]] = {}
    for application in subject.table.applications.values():
        for name, documented in application.status.items():
            if name in STATUS:
                found.setdefault(name, set()).update(documented)
    for located in subject.steps():
        if located.calls[0].application.lower() in ("set", "mset"):
            for name in list(found):
                if f"{name}=" in located.step.data:
                    del found[name]
    for extra in ("UNKNOWN", "ANSWERED", "APPERROR", ""):
        for values in found.values():
            values.add(extra)
    return {**_constants(subject), **found}
