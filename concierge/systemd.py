"""What systemd is told: ready, alive, stopping (sd_notify(3)). Nothing happens where there is no systemd."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] | None = None) -> bool:
    """Send one datagram, e.g. READY=1; False when nobody wants it or it cannot be sent."""
    address = (os.environ if environment is None else environment).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.sendto(state.encode(), name)
    except OSError:
        return False
    return True


def watchdog_seconds(environment: Mapping[str, str] | None = None) -> float | None:
    """Half of WatchdogSec=, None when there is none, or it is another process's."""
    found = os.environ if environment is None else environment
    usec, pid = found.get("WATCHDOG_USEC", ""), found.get("WATCHDOG_PID", "")
    if not usec.isdigit() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 2_000_000


async def stay_alive() -> None:
    """Tell the watchdog from the daemon's one loop, until cancelled: a loop that hangs is restarted."""
    every = watchdog_seconds()
    while every is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(every)
