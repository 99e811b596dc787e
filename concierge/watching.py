"""The watch of the gate, from the settings: who is told, and where a bypass becomes evidence."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import cast

from ami.events import CAMPAIGN
from ami.watch import Policy, Rules, Seen
from concierge.settings import Settings
from concierge.wiring import site_of
from models.bypass import Passed, add
from models.journal import Journal
from models.number import without_numbers

log = logging.getLogger("concierge.watch")

_PATIENCE = 5.0  # seconds
_AT_ONCE = 4
_MOST = 100  # that wait for an answer or their turn


def rules_of(settings: Settings) -> Rules:
    """What the watch goes by."""
    gate = settings.gate
    return Rules(
        site_of(settings),
        cast(Policy, gate.bypass),
        gate.trunks,
        frozenset(int(one) for one in gate.free),
        frozenset(filter(None, settings.operator.dial.split("&"))),
        gate.fresh,
    )


def recording(journal: Journal, system: str) -> Callable[[Seen], Awaitable[None]]:
    """Durable on return. Raises StoreError."""

    async def record(seen: Seen) -> None:
        await journal.do(lambda store: add(store, passed(seen, system)))

    return record


def passed(seen: Seen, system: str) -> Passed:
    """PURE: as it is kept."""
    found, leg = seen.bypass, seen.bypass.leg
    return Passed(
        at=datetime.fromtimestamp(found.at, UTC),
        system=system,
        number=found.number,
        dialled=found.dialled,
        channel=leg.dest_channel,
        uniqueid=leg.dest_uniqueid,
        linkedid=leg.dest_linkedid,
        caller=leg.channel,
        place=leg.place,
        campaign=leg.variables.get(CAMPAIGN, ""),
        reason=found.reason,
        action=seen.action,
        took_ms=seen.took_ms,
    )


def telling(url: str, system: str) -> Callable[[Seen], Awaitable[None]] | None:
    """A POST with JSON; what cannot be delivered is logged."""
    if not url:
        return None

    async def tell(seen: Seen) -> None:
        await deliver(url, body(seen, system))

    return tell


class _Posts:
    """In threads of their own: a webhook that hangs must not keep opt-outs and promises waiting for a thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "webhook")
        self._waiting = 0

    async def post(self, url: str, facts: Mapping[str, object]) -> None:
        """Raises OSError at once when too many wait already."""
        if self._waiting >= _MOST:
            raise OSError(f"{_MOST} others wait for it")
        self._waiting += 1
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, _post, url, facts)
        finally:
            self._waiting -= 1


_posts = _Posts()


async def deliver(url: str, facts: Mapping[str, object]) -> None:
    """To the webhook of the settings; what cannot be delivered is logged under the name of its event."""
    try:
        await _posts.post(url, facts)
    except (OSError, urllib.error.URLError, http.client.HTTPException, ValueError) as error:
        log.error("%s=not-told why=%s", facts["event"], without_numbers(str(error)))


def body(seen: Seen, system: str) -> dict[str, object]:
    """PURE: what the other end gets."""
    one = passed(seen, system)
    return {
        "event": "bypass",
        "at": one.at.isoformat(),
        "system": system,
        "number": f"+{one.number}" if one.number else None,
        "reason": one.reason,
        "action": one.action,
        "took_ms": one.took_ms,
        "channel": one.channel,
        "caller": one.caller,
        "place": one.place,
        "campaign": one.campaign,
        "uniqueid": one.uniqueid,
        "linkedid": one.linkedid,
    }


def _post(url: str, facts: Mapping[str, object]) -> None:
    data = json.dumps(dict(facts)).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - checked in the settings
    with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310
        pass
