"""The link to the other sites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from concierge.doctor.finding import Finding, failed, ok, warning
from concierge.errors import SettingsError
from concierge.setting_rules import is_loopback
from concierge.settings import Settings
from concierge.wiring import feed_access
from models.errors import FeedError, StoreError

_LONG = 1000  # events that wait to be sent
_PROVEN = ("verify-ca", "verify-full")


def check_sync(settings: Settings, path: Path) -> Iterator[Finding]:
    """Is it encrypted, does it answer, is this host's list up to date, and may nobody here remove evidence?"""
    yield _encrypted(settings.sync.url)
    try:
        yield from _link(settings)
        yield _state(settings, path)
    except (SettingsError, StoreError) as error:
        yield failed("other sites", str(error), "until then this host does not hear of opt-outs elsewhere")


def _encrypted(text: str) -> Finding:
    url = urlsplit(text)
    options = parse_qs(url.query)
    proven = options.get("sslmode", [""])[-1] in _PROVEN or "ssl_ca" in options
    if is_loopback(url.hostname or "localhost") or proven:
        return ok("feed encryption", "the server proves who it is" if proven else "stays on this host")
    return warning("feed encryption", "the server's certificate is not checked", "see TLS in docs/sites.md")


def _link(settings: Settings) -> Iterator[Finding]:
    from models.sync.link import Link

    access = feed_access(settings)
    try:
        link = Link(access)
    except FeedError as error:
        yield failed("shared feed", str(error), "until then opt-outs of this host wait in its outbox")
        return
    try:
        yield ok("shared feed", f"{access.name} answers")
        if link.may_delete():
            remedy = "use a role that sql/feed-*.sql makes, and keep the owner's password elsewhere"
            yield warning("feed rights", f"{access.url.username} may change or remove events", remedy)
        else:
            yield ok("feed rights", "events can be added, not changed or removed")
    finally:
        link.close()


def _state(settings: Settings, path: Path) -> Finding:
    from concierge.feed import status

    facts = status(settings, path)
    seen = f"behind by {facts['lag']}, {facts['outbox']} wait to be sent, last contact {facts['age']} s ago"
    if facts["stale"]:
        what = "are refused" if settings.sync.on_stale == "refuse" else "go out with a warning"
        return failed("other sites", seen, f"start `concierge serve`, mend the link; until then outbound calls {what}")
    if facts["outbox"] > _LONG or facts["trouble"]:
        return warning("other sites", seen, facts["trouble"] or "wait, and look again: it should become less")
    return ok("other sites", seen)
