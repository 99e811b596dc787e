"""From the key to the record: 100 presses of 9 by a real SIP phone on a real Asterisk: python benchmarks/keys/run.py

The reference is Asterisk's own report of the key, in the same run: what it takes from the end of the key (as Asterisk
heard it) until an AMI client has DTMFEnd, and until the opt-out is durably recorded.
"""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing

from concierge.lab.phone import Phone
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

FIRST = 48_602_000_000


def press(site: Site, callee: Phone, number: int) -> float:
    """One call, one key; milliseconds until an AMI client knew of it."""
    since = site.ami.mark()
    site.ami.originate(f"Local/{number}@outbound/n", context="campaign", exten="s", variables=CAMPAIGN)
    call = callee.wait_for_call(str(number))
    call.wait_answered()
    call.press("9")
    heard = site.ami.wait_for(
        lambda e: e["Event"] == "DTMFEnd" and e["Direction"] == "Received" and e["Channel"].startswith("PJSIP/"),
        since=since,
    )
    wait_until(lambda: recorded(site, number), 5, "the record")
    call.hang_up()
    return 1000 * (heard.received - float(heard["Timestamp"]))


def recorded(site: Site, number: int) -> list[float]:
    """Milliseconds from the key to each record of it."""
    with closing(sqlite3.connect(site.store)) as connection:
        rows = connection.execute("SELECT recorded_at - at FROM list_event WHERE number = ?", (number,))
        return [micros / 1000 for (micros,) in rows]


def show(name: str, values: list[float]) -> None:
    """Median and 99th percentile."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name}: p50 {ordered[len(ordered) // 2]:.1f} ms, p99 {p99:.1f} ms, of {len(ordered)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--asterisk", default="22")
    args = parser.parse_args()
    with Site(args.asterisk) as site, site.pbx.phone("callee") as callee:
        numbers = range(FIRST, FIRST + args.presses)
        heard = [press(site, callee, number) for number in numbers]
        kept = [values for number in numbers for values in recorded(site, number)]
    show("key to AMI client", heard)
    show("key to durable record", kept)
    print(f"presses {args.presses}, events recorded {len(kept)}")


if __name__ == "__main__":
    main()
