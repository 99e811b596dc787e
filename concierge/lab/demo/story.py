"""The acts of the demo. Each shows one promise, from the side of the telephones, and says whether it was kept."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from concierge.lab.errors import LabError
from concierge.lab.phone import Call, Phone, PhoneOptions
from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

LISTED, WILLING, OTHER = "48600100200", "48600100300", "48600100400"

Say = Callable[[str], None]


@dataclass
class Show:
    """What all acts share. `broken` names the promises that were not kept."""

    site: Site
    callee: Phone
    operator: Phone
    caller: Phone
    say: Say
    broken: list[str] = field(default_factory=list)

    def expect(self, kept: bool, promise: str, seen: str) -> None:
        """Print one observation."""
        self.say(f"   {'✓' if kept else '✗ NOT SO:'} {promise} — {seen}")
        if not kept:
            self.broken.append(promise)

    def originate(self, number: str) -> str:
        """Place a campaign call as a dialler does; returns Success or Failure."""
        answer = self.site.ami.originate(
            f"Local/{number}@outbound/n", context="campaign", exten="s", variables=CAMPAIGN, wait=True
        )
        return answer["Response"]

    def last_check(self) -> dict[str, str]:
        """The newest row of evidence, as words."""
        from models.store import Store

        store = Store(self.site.store)
        try:
            row = store.checks(limit=1)[0]
        finally:
            store.close()
        return {name: "" if value is None else str(value) for name, value in row.items()}

    def refusal_spoken(self, since: int) -> str:
        """The prompt that the PBX played for the last refusal."""
        played = self.site.ami.find(
            lambda event: event["Application"] == "Playback" and "concierge/reason-" in event["AppData"], since
        )
        return played[-1]["AppData"].split(",")[0] if played else "nothing"


def listed_number(show: Show) -> None:
    """1. A listed number is refused."""
    show.say(f"\n1. +{LISTED} has asked not to be called; a dialler calls it all the same")
    show.site.concierge("list", "add", f"+{LISTED}", "--reason", "asked by letter", "--source", "letter")
    result = show.originate(f"00{LISTED}")
    wait_until(lambda: show.last_check()["reason"] == "listed", 5, "the evidence of the refusal")
    row = show.last_check()
    show.expect(result == "Failure", "the call is refused", f"reason {row['reason']}, Originate answered {result}")
    show.expect(show.callee.invites == [], "nothing left the PBX", f"INVITEs at the phone: {show.callee.invites}")
    show.expect(row["verdict"] == "REFUSE", "evidence is kept", f"{row['reason']}, entry {row['entry_id']}")


def key_nine(show: Show) -> None:
    """2. The called person presses 9."""
    from models.store import Store

    show.say(f"\n2. The dialler calls +{WILLING}; the called person presses 9")
    result = show.originate(WILLING)
    call = show.callee.wait_for_call(WILLING)
    call.wait_answered()
    show.expect(result == "Success", "the call is connected", f"the phone got INVITE for {call.number}")
    wait_until(lambda: call.keys, 5, "the key 9")
    store = Store(show.site.store)
    try:
        wait_until(lambda: store.events(int(WILLING)), 5, "the record of the key press")
        event = store.events(int(WILLING))[0]
    finally:
        store.close()
    seen = event.evidence
    show.expect(
        seen["digit"] == "9" and seen["campaign"] == "spring",
        "the key press is recorded",
        f"campaign {seen['campaign']}, call {seen['linkedid']}, channel {seen['channel']}, "
        f"at {event.at:%Y-%m-%d %H:%M:%S.%f} UTC",
    )
    wait_until(lambda: "after_ms=" in show.site.log(), 5, "the listener's line about the key press")
    taken = show.site.log().rpartition("after_ms=")[2].split()[0]
    show.say(f"     from the key (as Asterisk heard its end) to the durable record: {taken} ms")
    end(show, call)


def refused_afterwards(show: Show) -> None:
    """3. The next call is refused."""
    show.say(f"\n3. The next originate to +{WILLING}, this time dialled with an outside line: 9 00{WILLING}")
    before = len(show.callee.invites)
    result = show.originate(f"900{WILLING}")
    wait_until(lambda: show.last_check()["verdict"] == "REFUSE", 5, "the evidence of the refusal")
    reason = show.last_check()["reason"]
    show.expect(
        result == "Failure", "the call is refused by the AGI hook", f"reason {reason}, Originate answered {result}"
    )
    show.expect(len(show.callee.invites) == before, "nothing left the PBX", f"new INVITEs: 0 (before: {before})")


def daemon_stopped(show: Show) -> None:
    """4. Without the daemon no call leaves."""
    show.say("\n4. The daemon is stopped; an originate to a number that nobody has listed")
    show.site.stop_daemon()
    before, mark = len(show.callee.invites), show.site.ami.mark()
    result = show.originate(OTHER)
    spoken = show.refusal_spoken(mark)
    show.expect(result == "Failure", "the call is refused (fail closed)", f"Originate answered {result}")
    show.expect(len(show.callee.invites) == before, "nothing left the PBX", "new INVITEs: 0")
    show.expect("gate-unreachable" in spoken, "the reason is spoken", f"the PBX played {spoken}")
    show.site.start_daemon()


def lint(show: Show) -> None:
    """5. The demo's own dialplan under the linter."""
    show.say("\n5. `concierge lint` over the demo's own dialplan")
    plan = show.site.pbx.folder / "etc" / "extensions.conf"
    done = show.site.concierge_alone("lint", str(plan), "--format", "json")
    if done.returncode not in (0, 1):
        show.expect(False, "the dialplan can be judged", done.stderr.strip())
        return
    found = json.loads(done.stdout)
    for item in found["findings"]:
        show.say(f"     {item['severity']} {item['code']} {item['context']}: {item['message']}")
    for item in found["unknown"]:
        show.say(f"     not proven, {item['context']},{item['exten']},{item['priority']}: {item['message']}")
    errors = [item for item in found["findings"] if item["severity"] == "error"]
    seen = f"{len(found['findings'])} findings; {len(found['unknown'])} places depend on what is outside these files"
    show.expect(not errors, "no error in it", seen)


def menus(show: Show) -> None:
    """6. A menu that would go round, and one whose script fails."""
    show.say("\n6. A caller goes round in a menu, pressing 1 again and again")
    call = show.caller.call("100", caller_id="48221234567", options=PhoneOptions(keys=_ONES))
    operator = show.operator.wait_for_call(timeout=20)
    passes = len(call.keys)
    show.expect(True, "after the configured 3 passes the operator's phone rings", f"keys pressed so far: {passes}")
    end(show, call, operator)
    show.say("   Another caller, in a menu whose script is missing")
    count = len(show.operator.incoming)
    call = show.caller.call("200", caller_id="48221234568")
    operator = show.operator.wait_for_call(timeout=10, since=count)
    show.expect(True, "the operator's phone rings", f"call to {operator.number}")
    end(show, call, operator)


_ONES = [(0.8 + 0.8 * number, "1") for number in range(8)]


def end(show: Show, *calls: Call) -> None:
    """Hang up and wait until the PBX is quiet."""
    for call in calls:
        with contextlib.suppress(LabError):
            call.hang_up()
    show.site.pbx.hangup_all()


ACTS: tuple[Callable[[Show], None], ...] = (
    listed_number,
    key_nine,
    refused_afterwards,
    daemon_stopped,
    lint,
    menus,
)


@contextlib.contextmanager
def _stage(say: Say) -> Iterator[Show]:
    say("Starting a private Asterisk 22, three SIP phones and the Concierge daemon, on loopback only …")
    started = time.monotonic()
    with (
        Site("22") as site,
        site.pbx.phone("callee", PhoneOptions(keys=[(0.8, "9")])) as callee,
        site.pbx.phone("operator") as operator,
        site.pbx.phone("caller") as caller,
    ):
        say(f"… up in {time.monotonic() - started:.1f} s")
        yield Show(site, callee, operator, caller, say)


def play(say: Say) -> list[str]:
    """All acts; returns the promises that were not kept. Raises LabError when the stage itself fails."""
    with _stage(say) as show:
        for act in ACTS:
            try:
                act(show)
            except LabError as error:
                show.expect(False, (act.__doc__ or act.__name__).strip(), str(error))
                show.site.pbx.hangup_all()
        return show.broken
