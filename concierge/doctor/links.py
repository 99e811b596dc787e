"""The links to Asterisk: does the daemon answer over AGI, does Asterisk accept us over AMI."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from ami.link import Access, Link, NotSent, Timing, open_link, plainly
from concierge.doctor.finding import Finding, failed, ok, unknown, warning
from concierge.errors import UserError
from concierge.manager import access_of, all_of
from concierge.settings import AgiSettings, AmiSettings, Settings
from concierge.wiring import identity_of

_TOO_MUCH = ("Command", "Originate", "Reload", "DBPut", "UpdateConfig")
_SECONDS = 3.0
_NO_USER = "no key press is heard: set ami.user and ami.secret_file, then `concierge hooks install --reload`"


async def check_links(settings: Settings, path: Path) -> AsyncIterator[Finding]:
    """Speaks as Asterisk would, then to Asterisk. `path`: the list of the settings."""
    yield await _agi(settings.agi, path)
    listened = all_of(settings)
    if not listened:
        yield failed("manager login", "ami.user is empty", _NO_USER)
    for one in listened:
        of = "" if one is settings.ami else f" of {one.system}"
        try:
            access = access_of(one)
        except (UserError, ValueError) as error:
            yield failed(f"manager login{of}", str(error), _how(one))
            continue
        async for finding in _ami(access, auto=settings.callbacks.auto and one is settings.ami):
            yield replace(finding, name=finding.name + of)


def _how(one: AmiSettings) -> str:
    """A secret that is not made yet is no mistake in the settings."""
    unmade = bool(one.secret_file) and not Path(one.secret_file).exists()
    return "until then no key press is heard over AMI" if unmade else "mend the setting"


async def _agi(agi: AgiSettings, path: Path) -> Finding:
    name = "daemon over AGI"
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(agi.host, agi.port)
            nonce = secrets.token_hex(8)
            writer.write(f"agi_network: yes\nagi_network_script: ping\nagi_arg_1: {nonce}\n\n".encode())
            answer = await reader.readline()
            writer.write(b"200 result=1\n")
            writer.close()
    except TimeoutError:
        return failed(name, f"{agi.host}:{agi.port} gave no answer in {_SECONDS:g} s", "restart `concierge serve`")
    except OSError as error:
        return failed(name, f"{agi.host}:{agi.port}: {plainly(error)}", "start `concierge serve`")
    if nonce.encode() not in answer:
        return failed(name, f"something else answers at {agi.host}:{agi.port}", "set agi.port to a free one")
    if f"{nonce}!{identity_of(path)}".encode() not in answer:
        return failed(
            name, f"it reads another list than {path}", "give both the same store.path, and restart the daemon"
        )
    return ok(name, f"answers at {agi.host}:{agi.port}")


async def _ami(access: Access, *, auto: bool) -> AsyncIterator[Finding]:
    link = await open_link(access, Timing(connect=_SECONDS, login=_SECONDS, answer=_SECONDS), lambda _event: None)
    if not isinstance(link, Link):
        yield failed("manager login", str(link), "until then no key press is heard over AMI")
        return
    try:
        yield ok("manager login", f"{link.greeting} accepts {access.user}")
        yield await _rights(link, auto=auto)
    finally:
        link.close("done")


async def _rights(link: Link, *, auto: bool) -> Finding:
    name = "manager rights"
    reply = await link.ask({"Action": "ListCommands"})
    if isinstance(reply, NotSent):
        return unknown(name, reply.reason, "run doctor again")
    may = set(reply.headers)
    if "UserEvent" not in may:
        return failed(name, "UserEvent is not allowed", "write=user for this user in manager.conf")
    lacking = [action for action in ("DBGetTree", "Setvar", "CoreShowChannels") if action not in may]
    if lacking:
        seen = f"{', '.join(lacking)} not allowed: key presses that the dialplan has kept cannot be fetched after a gap"
        return failed(name, seen, "write=user,call,reporting for this user in manager.conf")
    if auto and "Originate" not in may:
        return failed(name, "Originate is not allowed", "write=originate too, or callbacks.auto: false")
    excess = [action for action in _TOO_MUCH if action in may and not (auto and action == "Originate")]
    if excess:
        return warning(
            name, f"more than needed: {', '.join(excess)}", "take the lines of `concierge hooks show --part manager`"
        )
    return ok(name, "what is needed and no more")
