"""`concierge demo`: see it work on a private real Asterisk with a real SIP phone."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """No options but --config, which it does not need."""
    parser.add_argument("--config", help="accepted and not used: the demo has its own")


def run(_args: Namespace) -> int:
    """0 when every promise was kept. Makes what it needs on first use (as root, on Debian)."""
    from concierge.lab.demo.story import play
    from concierge.lab.provision import install_packages, provision

    started = time.monotonic()
    install_packages()
    provision("22")
    broken = play(lambda text: print(text, flush=True))
    print(
        f"\n{'Every promise was kept' if not broken else 'Not kept: ' + '; '.join(broken)}. "
        f"{time.monotonic() - started:.0f} s."
    )
    if broken:
        print("concierge: the demo did not show what it should; please report this output", file=sys.stderr)
    return 1 if broken else 0
