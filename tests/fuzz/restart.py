"""The daemon is restarted under 50 calls in menus; does any caller notice?

    PYTHONPATH=. python tests/fuzz/restart.py [--asterisk 22] [--kill]

Exit code 1 when a caller does not come to the operator.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter

from concierge.lab.crowd import PLAN, quick_prompts
from concierge.lab.site import Site
from concierge.lab.wait import wait_until

ROBOT = """
[robot]
exten => s,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(2222222222222222,900)
 same => n,Wait(120)
"""
MENU = {"passes": 9, "silences": 9, "wrong": 9, "total": 12}
SETTINGS = {"operator": {"dial": "PJSIP/operator", "ring": 10}, "menu": MENU}
CALLERS = 50


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asterisk", default="22")
    parser.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    args = parser.parse_args()
    with Site(args.asterisk, extensions=PLAN + ROBOT, settings=SETTINGS) as site:
        quick_prompts(site)
        since = site.ami.mark()
        with site.pbx.phone("operator"):
            for number in range(CALLERS):
                _call(site, number)
            wait_until(lambda: len(_steps(site, since, "AGI")) > 2 * CALLERS, 60, "callers in menus")
            began = time.time()
            site.stop_daemon(signal.SIGKILL if args.kill else signal.SIGTERM)
            site.start_daemon()
            print(f"away for {time.time() - began:.1f} s")
            wait_until(lambda: len(_served(site, since)) >= CALLERS or _gone(site, since), 120, "all at the operator")
            served, gone = len(_served(site, since)), _gone(site, since)
            why = Counter(text.partition(": ")[2] for text in _steps(site, since, "NoOp") if "hands this" in text)
    print(f"at the operator {served} of {CALLERS}, gone {gone}: {dict(why)}")
    return 0 if served >= CALLERS and not gone else 1


def _call(site: Site, number: int) -> None:
    channel = f"Local/{600 + number % 2}@from-outside/n"
    site.ami.originate(channel, context="robot", exten="s", caller_id=f"+48601{number:06}", wait=False)


def _steps(site: Site, since: int, application: str) -> list[str]:
    found = site.ami.find(lambda e: e["Event"] == "Newexten" and e["Application"] == application, since)
    return [event["AppData"] for event in found]


def _served(site: Site, since: int) -> set[str]:
    found = site.ami.find(lambda e: e["Event"] == "DialEnd" and e["DialStatus"] == "ANSWER", since)
    return {event["Channel"] for event in found if "operator" in event["DestChannel"]}


def _gone(site: Site, since: int) -> int:
    return len(site.ami.find(lambda e: e["Event"] == "Hangup" and e["Channel"].startswith("Local/60"), since))


if __name__ == "__main__":
    sys.exit(main())
