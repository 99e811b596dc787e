"""Which Asterisk a plan is for: the version that somebody has named, else the one that FreePBX has written down."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.applications import tables
from dialplan.light import pattern
from dialplan.plan.model import Plan

WRITTEN = pattern(r"\d{1,2}(?=\.)")


def table_of(plan: Plan, named: str = "") -> tables.Table:
    """The table of `named`, else of ASTVERSION in [globals], else of the usual one. Raises KeyError for no version."""
    return tables.load(named or asterisk_of(plan, tables.VERSIONS) or tables.DEFAULT)


def asterisk_of(plan: Plan, versions: Sequence[str]) -> str:
    """The one of `versions` (ascending) that is nearest to the Asterisk that FreePBX has written down, else ""."""
    written = plan.globals.get("ASTVERSION", "")
    said = WRITTEN.match(written) if written else None
    if said is None:
        return ""
    older = [version for version in versions if int(version) <= int(said[0])]
    return older[-1] if older else versions[0]
