"""`concierge serve`: the daemon."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import add_config, prepare_store, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from concierge.settings import Settings

NO_PBX = """\
concierge: no PBX is configured (ami.user is empty), so no key press is listened to.
  1. copy config.example.yaml to /etc/concierge/config.yaml and fill in site.country, ami.user, ami.secret_file
     and operator.dial
  2. `concierge hooks install --dry-run` shows what goes into Asterisk's files; without --dry-run it does it
  3. `concierge doctor` says what is still missing
  No PBX at hand? `concierge demo` shows everything on a private one."""


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--only", choices=("agi", "ami", "sync", "web"), help="one part instead of all")
    add_config(parser)


def run(args: Namespace) -> int:
    """Until SIGTERM."""
    from concierge.integrity import changed_files
    from concierge.log_lines import FORMAT, Together
    from concierge.privacy import pseudonyms_of
    from concierge.service import PARTS
    from models.number import name_numbers

    settings = settings_of(args)
    _no_searching_for_the_caller()
    logging.basicConfig(level=settings.log.level.upper(), handlers=[Together(sys.stderr)], format=FORMAT)
    for name in changed_files():
        logging.error("installed file differs from the wheel: %s; another package may have replaced it", name)
    name_numbers(pseudonyms_of(settings))
    path = prepare_store(settings)
    _must_be_writable(path)
    if args.only == "sync" and not settings.sync.url:
        raise UserError("sync.url is empty: this host shares its list with nobody; see docs/sites.md")
    if args.only == "web" and not settings.web.port:
        raise UserError("--only web, but web.port is not set")
    if not settings.ami.user and args.only in (None, "ami"):
        print(NO_PBX, file=sys.stderr)
    _no_searching_for_garbage_in_what_stays()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, path, (args.only,) if args.only else PARTS))
    return 0


def _must_be_writable(path: Path) -> None:
    """What is opened on a read-only file system stays read-only in this process, also when it may be written again: a
    supervisor that tries once more is better than a daemon that can never record anything.
    """
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise UserError(f"{place}: cannot be written; mend that (owner, mode, a file system mounted read-only)")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop halves what a connection costs; where it cannot be installed, asyncio's own loop does the same work."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _no_searching_for_the_caller() -> None:
    """The switches that the logging HOWTO names under "Optimization": no line shows what they would collect."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None


def _no_searching_for_garbage_in_what_stays() -> None:
    """Modules and tables live as long as the process; a call leaves next to no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _serve(settings: Settings, path: Path, parts: Iterable[str]) -> None:
    from concierge.service import Service

    await Service(settings, path, parts).run()
