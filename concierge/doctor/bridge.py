"""The bridge to FreePBX's blacklist, when it is on: may its manager user do what it has to?"""

from __future__ import annotations

from collections.abc import AsyncIterator

from ami.link import Link, NotSent, Timing, open_link
from concierge.bridge import access_of, way_of
from concierge.doctor.finding import Finding, failed, ok, unknown, warning
from concierge.errors import SettingsError
from concierge.settings import Settings

_SECONDS = 3.0
_NAME = "blacklist bridge"


async def check_bridge(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing when freepbx.blacklist is off."""
    if settings.freepbx.blacklist == "off":
        return
    try:
        access = access_of(settings)
    except (SettingsError, ValueError) as error:
        yield failed(_NAME, str(error), "mend the setting")
        return
    link = await open_link(access, Timing(connect=_SECONDS, login=_SECONDS, answer=_SECONDS), lambda _event: None)
    if not isinstance(link, Link):
        yield failed(_NAME, str(link), "until then FreePBX's blacklist and the list do not agree")
        return
    try:
        yield await _rights(link, settings, access.user)
    finally:
        link.close("done")


async def _rights(link: Link, settings: Settings, user: str) -> Finding:
    reply = await link.ask({"Action": "ListCommands"})
    if isinstance(reply, NotSent):
        return unknown(_NAME, reply.reason, "run doctor again")
    may, way = set(reply.headers), way_of(settings)
    if way.write and not {"DBPut", "DBDel"} <= may:
        return failed(_NAME, f"{user} may not write", f"write=system for [{user}] in manager.conf, then reload it")
    if not {"DBGetTree", "Command"} & may:
        return failed(_NAME, f"{user} may not read", f"write=reporting for [{user}] in manager.conf, then reload it")
    if way.write and not settings.freepbx.user:
        told = "set freepbx.user: the class `system` may also restart Asterisk, the listener needs nothing of it"
        return warning(_NAME, f"{user} reads and writes", told)
    if not way.write and "DBPut" in may:
        return warning(_NAME, f"{user} may also write", f"write=reporting is enough for [{user}]")
    return ok(_NAME, f"{user} reads and writes" if way.write else f"{user} reads")
