"""What a campaign asks of an allowed call is done: the number shown, the words after an opt-out, what follows it."""

from __future__ import annotations

import re
import signal
import wave
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from concierge.lab.ami import Message
from concierge.lab.phone import Call, Phone
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from models import facts
from models.campaign import campaign_of
from models.demands import shown
from models.store import Store
from models.suppression import ListEvent

pytestmark = pytest.mark.asterisk

SERIES = "48221000001-48221000003 +48221000009"
Events = Callable[[int], list[ListEvent]]


@contextmanager
def campaign(site: Site, **asked: object) -> Iterator[None]:
    """Without windows, law and consent: allowed at any hour."""
    data = {"name": "winter", "country": "none", **asked}
    with closing(Store(site.store)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), campaign_of(data), datetime.now(UTC), "test")])
    yield
    gone = campaign_of(data | {"state": "removed"})
    with closing(Store(site.store)) as store:
        facts.record(store, [facts.campaign_fact(uuid4(), gone, datetime.now(UTC), "test")])


@pytest.fixture(scope="module")
def sounds(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The campaign's folder has one of the two words."""
    folder = tmp_path_factory.mktemp("winter")
    with wave.open(str(folder / "opt-out-recorded.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 160, "NONE", ""))
        sound.writeframes(bytes(320))
    site.pbx.add_sounds("winter", Path(folder))


def place(site: Site, callee: Phone, number: int, exten: str = "") -> Call:
    told = {"__CONCIERGE_CAMPAIGN": "winter", "CALLERID(num)": "48220000000"}
    channel = f"Local/{exten or f'{number}@outbound-quiet'}/n"
    since = len(callee.incoming)
    site.ami.originate(channel, context="campaign", exten="s", variables=told)
    return wait_until(
        lambda: [one for one in callee.incoming[since:] if one.answered_at], 10, f"an answer at {number}"
    )[0]


def callers(callee: Phone) -> list[str]:
    """Who called, by the INVITEs that the phone got."""
    return re.findall(r"INVITE sip:(?:.*\n)*?From: [^<\n]*<sip:([^@]*)@", callee.sip_messages())


def test_the_called_person_sees_the_campaigns_number_whichever_way_the_gate_was_asked(
    site: Site, callee: Phone, number: int
) -> None:
    with campaign(site, caller_id=SERIES):
        place(site, callee, number)
        assert set(callers(callee)) == {shown(SERIES, number)}
        site.pbx.hangup_all()
        place(site, callee, number + 500_000, f"{number + 500_000}-{number + 500_001}@outbound-both")
        assert shown(SERIES, number + 500_000) in callers(callee)
    with campaign(site):
        before = len(callers(callee))
        place(site, callee, number + 600_000)
        assert not {one for one in callers(callee)[before:] if one.startswith(("+", "4822100"))}


def test_the_campaigns_own_words_are_said_and_its_call_ends_where_the_sites_would_go_on(
    site: Site, callee: Phone, number: int, events: Events, sounds: None
) -> None:
    with campaign(site, opt_out={"after": "hangup"}, prompts={"folder": "winter"}):
        call = place(site, callee, number)
        since = site.ami.mark()
        call.press("9")
        site.ami.wait_for_application("Playback", 10, since=since, data="winter/opt-out-recorded")
        assert call.wait_ended(8) == "far"
    assert events(number)
    assert not site.ami.find(lambda e: e["AppData"] == "concierge/opt-out-recorded", since)


def _over(event: Message) -> bool:
    return event["Event"] == "Newexten" and event["Context"] == "concierge-optout" and event["Application"] == "Return"


def test_a_campaigns_own_key_is_kept_while_the_daemon_is_away_and_confirmed(
    site: Site, callee: Phone, number: int, events: Events, sounds: None
) -> None:
    """The site knows 9 alone; 7 means nothing in another campaign's call."""
    with campaign(site, opt_out={"digits": {"7": "all", "9": "all"}}, prompts={"folder": "winter"}):
        call = place(site, callee, number)
        site.stop_daemon(signal.SIGKILL)
        for count, key in enumerate("79", 1):
            since = site.ami.mark()
            call.press(key)
            site.ami.wait_for_application("Playback", 10, since=since, data="winter/opt-out-recorded")
            site.ami.wait_for(_over, 10, since=since)
            wait_until(lambda count=count: len(site.pbx.db_show("concierge-optout")) == count, 5, "the kept key")  # type: ignore[misc]
        kept = sorted(site.pbx.db_show("concierge-optout"))
        assert [one.rpartition("!")[0][-2:] for one in kept] == ["!7", "!9"]
        assert all(one.startswith(f"/concierge-optout/{number}/") and one.endswith("!1") for one in kept)
        site.start_daemon()
        wait_until(lambda: len(events(number)) == 2, 20, "the key presses that the dialplan kept")
    assert {one.evidence["digit"] for one in events(number)} == {"7", "9"}


def test_words_that_are_missing_are_said_in_ours_and_a_person_is_offered(
    site: Site, callee: Phone, operator: Phone, number: int, events: Events, sounds: None
) -> None:
    own = {"folder": "winter", "opt-out-recorded": "winter/is-not-there"}
    with campaign(site, opt_out={"after": "operator"}, prompts=own):
        call = place(site, callee, number)
        since = site.ami.mark()
        call.press("9")
        operator.wait_for_call("operator", timeout=20).wait_answered()
    said = [e["AppData"] for e in site.ami.find(lambda e: e["Application"] == "Playback", since)]
    order = ["winter/is-not-there", "winter/opt-out-recorded", "winter/to-a-person", "concierge/to-a-person"]
    assert list(dict.fromkeys(said)) == order
    assert events(number) and call.ended_at is None
