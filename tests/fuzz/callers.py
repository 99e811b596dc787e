"""Callers of every kind against menus that would trap them, on a real Asterisk with SIP phones.

    PYTHONPATH=. python tests/fuzz/callers.py --count 200 --seed 1 [--asterisk 22] [--at-once 10]

Prints what became of them. Exit code 1 when one was cut off, came nowhere, or went round more often than the limits.
"""

from __future__ import annotations

import argparse
import sys
from itertools import cycle, product

from concierge.lab.crowd import DAEMONS, OPERATORS, PLAN, SETTINGS, Seen, endings, quick_prompts, run_round
from concierge.lab.site import Site


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asterisk", default="22")
    parser.add_argument("--at-once", type=int, default=10)
    args = parser.parse_args()
    seen: list[Seen] = []
    with Site(args.asterisk, extensions=PLAN, settings=SETTINGS) as site:
        quick_prompts(site)
        states = cycle(product(OPERATORS, DAEMONS))
        while len(seen) < args.count:
            operator, daemon = next(states)
            some = run_round(site, min(args.at_once, args.count - len(seen)), operator, daemon, args.seed + len(seen))
            seen += some
            print(f"operator {operator}, daemon {daemon}: {dict(endings(some))}", flush=True)
            site.pbx.hangup_all()
        limits = site.settings.menu
    bad = [one for one in seen if one.ending in ("cut off", "nowhere") or one.total > limits.total + 1]
    print(
        f"{len(seen)} callers: {dict(endings(seen))}; most visits of one menu {max(one.most for one in seen)}, "
        f"of all {max(one.total for one in seen)}"
    )
    for one in bad:
        print("BAD", one)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
