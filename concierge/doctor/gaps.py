"""Times in which key presses may have gone unheard, and whether the next one would be reconciled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from concierge.doctor.finding import Finding, failed, ok, warning
from models.errors import StoreError
from models.gap import GapState, ListeningGap, gaps
from models.store import Store

_REMEDY = "`concierge gaps` names them; look into each, then `concierge gaps --settle ID --reason TEXT`"


def check_gaps(path: Path, *, listened: bool) -> Iterator[Finding]:
    """`listened`: is a PBX configured? Nothing when the list cannot be read: that is another finding."""
    try:
        store = Store(path)
    except StoreError:
        return
    try:
        with store.reading() as connection:
            found = gaps(connection, [GapState.OPEN, GapState.UNRECONCILED])
    except StoreError:
        return
    finally:
        store.close()
    lost = [one for one in found if one.state is GapState.UNRECONCILED]
    if listened or found:
        yield _finding(lost, found)
    else:
        yield warning("listening gaps", "nobody listens, so none is known", "see `manager login` above")


def _finding(lost: list[ListeningGap], found: list[ListeningGap]) -> Finding:
    name = "listening gaps"
    if lost:
        latest = lost[-1]
        return failed(
            name, f"{len(lost)} not reconciled, the last began {latest.began.isoformat()}: {latest.how}", _REMEDY
        )
    if found:
        return warning(name, f"open since {found[0].began.isoformat()}: {found[0].reason}", "see `manager login` above")
    return ok(name, "no key press can be missing")
