"""A channel driver that this Asterisk does not have

What it finds
    Calls to `SIP/…`, `MGCP/…` or `Skinny/…` for Asterisk 21 or later (`--asterisk`), which have no such channel
    driver any more. Said once for each, at its first use, with the number of its uses. An information, because many
    a plan is written for an older Asterisk than the one that is assumed without `--asterisk`.
Why it matters to a caller
    Asterisk logs "No channel type registered for 'SIP'"; nobody is called, Dial comes back with CHANUNAVAIL.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(SIP/sales,20)   ; expect: C111
    same => n,Dial(SIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Dial(PJSIP/sales,20)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    Give the version that runs the plan: `--asterisk 18`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.finding import Finding, Severity
from dialplan.light import pattern
from dialplan.subject import Located, Subject

CODE = "C111"
SEVERITY = Severity.INFO
MISSION = "D1"

REMOVED = {"SIP": "PJSIP", "MGCP": "PJSIP", "SKINNY": "PJSIP"}
SINCE = 21
CALLING = ("dial", "retrydial", "page", "originate", "chanisavail")
DRIVER = pattern(r"(?i)(?:^|&)(SIP|MGCP|Skinny)/")


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each driver."""
    if not removed(subject, "SIP"):
        return
    used: dict[str, list[Located]] = {}
    for name in CALLING:
        for located, call in subject.by_application.get(name, ()):
            for driver in {found.upper() for found in DRIVER.findall(call.argument(1))}:
                used.setdefault(driver, []).append(located)
    for driver, places in used.items():
        first = min(places, key=lambda located: located.step.place[:2])
        where = "here" if len(places) == 1 else f"here and in {len(places) - 1} more"
        message = (
            f"Asterisk {subject.table.version} has no channel driver for {driver}/, used {where}: nobody is called"
        )
        yield Finding(CODE, SEVERITY, f"{message}; {REMOVED[driver]}/ took its place", first.spot)


def removed(subject: Subject, driver: str) -> bool:
    """True when the version that the plan is for has no such driver any more."""
    version = "".join(char for char in subject.table.version if char.isdigit())[:2]
    return driver in REMOVED and bool(version) and int(version) >= SINCE
