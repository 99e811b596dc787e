"""What FreePBX's generated dialplan does with calls that the hooks cannot change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from concierge.doctor.finding import Finding, ok, warning
from concierge.errors import UserError
from concierge.installation.changes import text_of
from concierge.installation.compose import OWN, direct, unguarded
from concierge.installation.layout import Layout, detect
from concierge.installation.ways import own_ways

_NAME = "FreePBX"
_EMAIL = "U(sub-send-obroute-email"


def check_freepbx(etc: Path) -> Iterator[Finding]:
    """Nothing on plain Asterisk, or where its files cannot be read: other findings say so."""
    try:
        layout = detect(etc)
        generated = text_of(etc / "extensions_additional.conf")
    except UserError:
        return
    if layout.generated:
        yield from _ways(layout, generated)


def _ways(layout: Layout, generated: str) -> Iterator[Finding]:
    fine = True
    for way in unguarded(layout):
        fine = False
        yield warning(
            _NAME, f"calls through {way} are not asked about", "route these calls through a trunk of another kind"
        )
    for way in own_ways(layout.etc):
        fine = False
        remedy = "Gosub(concierge-outbound,s,1(${EXTEN})) before its Dial, and dial only on CONCIERGE_VERDICT=ALLOW"
        yield warning(_NAME, f"your own {way} dials and does not ask", remedy)
    enum, trunks = direct(layout)
    override = text_of(layout.etc / OWN["override"])
    missing = [name for name, there in (("macro-dialout-enum", enum), ("ext-trunk", bool(trunks))) if there]
    if any(f"[{name}]" not in override for name in missing):
        fine = False
        yield warning(_NAME, "a trunk was added that calls no hook", "`concierge hooks install --reload`")
    if _EMAIL in generated:
        fine = False
        seen = "a route sends an e-mail for each call, and its own step comes after ours: no key is heard on its calls"
        yield warning(_NAME, seen, "switch off the notification of the routes that campaigns use")
    if fine:
        yield ok(_NAME, "every way of a route to a trunk asks")
