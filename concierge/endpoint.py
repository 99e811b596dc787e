"""The HTTP endpoint, from the settings."""

from __future__ import annotations

import ipaddress
import logging
from importlib.metadata import version
from pathlib import Path

from concierge.commands.check import facts_of
from concierge.errors import UserError
from concierge.settings import Settings, WebSettings
from concierge.wiring import site_of, token_path
from models.gate import Gate, Judge, utc_now
from models.journal import Journal
from models.until import end_of

try:
    from web.app import Parts, build_app
    from web.consents import Facts
    from web.guard import Guard, Limits
    from web.listing import Listing
    from web.owed import Desk
    from web.server import Address, Server
except ImportError as error:
    raise UserError(f"web.port is set: pip install 'asterisk-concierge[web]' ({error.name} is missing)") from error
from web.tokens import TokenError, TokenFile

log = logging.getLogger("concierge")


class Endpoint:
    """`start`, then `stop`."""

    def __init__(self, settings: Settings, path: Path, judge: Judge, gate: Gate, journal: Journal) -> None:
        web = settings.web
        self._settings = web
        self._tokens = TokenFile(token_path(settings, path))
        self._listing = Listing(site_of(settings), journal, path, utc_now, end_of)
        desk, people = Desk(path, utc_now), Facts(self._listing, utc_now, end_of)
        own = version("asterisk-concierge")
        app = build_app(Parts(judge, gate, self._listing, desk, people, facts_of, own))
        limits = _limits(web)
        allow = tuple(ipaddress.ip_network(text) for text in web.allow)
        self._server = Server(Guard(app, self._tokens.find, limits), Address(web.host, web.port, allow), limits)

    async def start(self) -> None:
        """Open the port. Raises UserError when it cannot be had, or the tokens cannot be read."""
        web = self._settings
        try:
            count = len(self._tokens.all())
            await self._server.start()
        except TokenError as error:
            raise UserError(f"web.tokens: {error}") from error
        except OSError as error:
            raise UserError(f"web.port: {web.host}:{web.port}: {error.strerror}; set web.port to a free one") from error
        log.info("listening=web host=%s port=%d tokens=%d", web.host, self._server.port, count)

    async def stop(self) -> None:
        """Answer what has been asked."""
        await self._server.drain()
        self._listing.close()


def _limits(web: WebSettings) -> Limits:
    return Limits(web.rate, web.burst, web.requests, web.connections, web.body, web.patience)
