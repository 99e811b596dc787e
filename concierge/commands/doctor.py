"""`concierge doctor`: every precondition, each with what to do."""

from __future__ import annotations

import asyncio
import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.wiring import add_config, settings_of, store_path

if TYPE_CHECKING:
    from concierge.doctor.finding import Finding
    from concierge.settings import Settings

_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "unknown": "?"}


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--json", action="store_true", help="one JSON list of findings")
    parser.add_argument("--etc", type=Path, default=Path("/etc/asterisk"), help="Asterisk's configuration folder")
    parser.add_argument("--rx", default="asterisk", metavar="COMMAND", help="how Asterisk's console is started")
    parser.add_argument("--call", action="store_true", help="place a test call on a Local channel: no trunk is dialled")
    add_config(parser)


def run(args: Namespace) -> int:
    """0 when nothing has failed, else 1."""
    settings = settings_of(args)
    findings = asyncio.run(_examine(settings, args.etc, args.rx))
    if args.call:
        from concierge.doctor.call import check_call
        from concierge.installation.loaded import Console

        findings.append(check_call(Console(args.rx)))
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{_SIGNS[finding.state]} {finding.name}: {finding.seen}")
            if finding.remedy:
                print(f"    {finding.remedy}")
    return 1 if any(finding.state == "failed" for finding in findings) else 0


async def _examine(settings: Settings, etc: Path, rx: str) -> list[Finding]:
    from concierge.doctor.bridge import check_bridge
    from concierge.doctor.files import check_files
    from concierge.doctor.freepbx import check_freepbx
    from concierge.doctor.gaps import check_gaps
    from concierge.doctor.host import check_host
    from concierge.doctor.keys import check_keys
    from concierge.doctor.links import check_links
    from concierge.doctor.loaded import check_loaded
    from concierge.doctor.sounds import check_sounds
    from concierge.doctor.web import check_web
    from concierge.installation.loaded import Console
    from concierge.manager import all_of

    path = store_path(settings)
    found = list(check_host(settings, path))
    found += [finding async for finding in check_links(settings, path)]
    found += [finding async for finding in check_bridge(settings)]
    found += check_gaps(path, listened=bool(all_of(settings)))
    found += [finding async for finding in check_web(settings, path)]
    found += check_files(settings, etc)
    found += check_keys(settings, path, etc)
    found += check_sounds(etc)
    found += check_freepbx(etc)
    found += check_loaded(etc, Console(rx))
    return found
