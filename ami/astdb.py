"""A family of Asterisk's own database, over AMI: read whole, keys put and deleted.

Reading takes the class `reporting` (or `system`), writing `system`. Where DBGetTree is missing, the command line's
`database show` is asked (class `command`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ami.link import Link, NotSent, Reply

_SECONDS = 30.0  # for a family of a hundred thousand keys
_LINE = re.compile(r"/([^/\s]+)/(\S.*?)\s*: ?(.*?)\s*")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Failed:
    """What was asked was not done, or nobody knows whether it was."""

    why: str


class AstDb:
    """One family of keys, as `database show FAMILY` has it."""

    def __init__(self, link: Link, family: str) -> None:
        self._link = link
        self._family = family

    async def all(self) -> dict[str, str] | Failed:
        """Keys and values; the whole of it or nothing."""
        found = await self._link.ask_all({"Action": "DBGetTree", "Family": self._family}, _SECONDS)
        if isinstance(found, NotSent):
            return Failed(found.reason)
        if found[0].success:
            return self._listed(found[1:])
        if "unknown command" not in found[0].message.lower():
            return Failed(_refusal(found[0], "reporting"))
        return await self._shown()

    def _listed(self, events: list[Reply]) -> dict[str, str] | Failed:
        if not events or not str(events[-1].headers.get("Event", "")).endswith("Complete"):
            return Failed("the answer has no end")
        pairs = {}
        for one in events[:-1]:
            key, value = one.headers.get("Key"), one.headers.get("Val", "")
            if isinstance(key, str) and isinstance(value, str) and key.startswith(f"/{self._family}/"):
                pairs[key.removeprefix(f"/{self._family}/")] = value
        return pairs

    async def _shown(self) -> dict[str, str] | Failed:
        asked = {"Action": "Command", "Command": f"database show {self._family}"}
        found = await self._link.ask(asked, _SECONDS)
        if isinstance(found, NotSent):
            return Failed(found.reason)
        if not found.success:
            return Failed(_refusal(found, "command"))
        output = found.headers.get("Output", [])
        return shown(self._family, [output] if isinstance(output, str) else output)

    async def get(self, key: str) -> str | Failed | None:
        """None: there is no such key."""
        found = await self._link.ask_all({"Action": "DBGet", "Family": self._family, "Key": key})
        if isinstance(found, NotSent):
            return Failed(found.reason)
        if not found[0].success:
            return None if "not found" in found[0].message.lower() else Failed(_refusal(found[0], "reporting"))
        values = [one.headers["Val"] for one in found if "Val" in one.headers]
        return str(values[0]) if values else ""

    async def put(self, key: str, value: str) -> Failed | None:
        """Raises UnsafeHeaderError for a line break."""
        return await self._change({"Action": "DBPut", "Family": self._family, "Key": key, "Val": value})

    async def delete(self, key: str) -> Failed | None:
        """A key that is gone already is no failure."""
        failed = await self._change({"Action": "DBDel", "Family": self._family, "Key": key})
        if failed is not None and "could not be deleted" in failed.why and await self.get(key) is None:
            return None
        return failed

    async def _change(self, action: dict[str, str]) -> Failed | None:
        found = await self._link.ask(action)
        if isinstance(found, NotSent):
            return Failed(found.reason)
        return None if found.success else Failed(_refusal(found, "system"))


def shown(family: str, lines: list[str]) -> dict[str, str] | Failed:
    """PURE: what `database show FAMILY` prints; Failed when it was cut."""
    pairs, counted = {}, None
    for line in lines:
        if count := re.fullmatch(r"(\d+) results? found\.\s*", line):
            counted = int(count[1])
        elif (found := _LINE.fullmatch(line)) and found[1] == family:
            pairs[found[2]] = found[3]
    if counted != len(pairs):
        return Failed(f"the list of keys has {len(pairs)} of {counted if counted is not None else 'how many?'}")
    return pairs


def _refusal(reply: Reply, right: str) -> str:
    denied = "permission denied" in reply.message.lower()
    return f"{reply.message}: write={right} in manager.conf" if denied else reply.message or "refused"
