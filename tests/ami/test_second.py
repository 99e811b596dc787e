"""Does the dialplan keep key presses? An Asterisk that is still starting has a manager, and no dialplan yet."""

import pytest

from ami.legs import LegMap
from ami.link import NotSent, Reply
from ami.second import DialplanWitness, just_began

NOW = 1_795_348_800.0  # 12:00:00 UTC


class Session:
    """What Asterisk answers."""

    def __init__(self):
        self.features, self.plan, self.began = "concierge-9", [{"Context": "concierge-optout"}], "03:17:00"

    async def send(self, headers):
        if headers["Action"] == "CoreStatus":
            return Reply(True, "", {"CoreStartupTime": self.began}) if self.began else NotSent("gone")
        return Reply(True, "", {"Value": self.features})

    async def send_for_list(self, headers):
        return self.plan


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def witness(session):
    return DialplanWitness(session, LegMap("pbx1", lambda _campaign: {}), None, clock=lambda: NOW)


async def test_a_dialplan_that_is_there_is_no_doubt_however_long_asterisk_runs(witness, session):
    for session.began in ("03:17:00", "11:59:58"):
        assert await witness.doubt() == ""


async def test_what_is_missing_is_a_doubt_once_asterisk_has_had_its_time_to_start(witness, session):
    session.plan = Reply(False, "Did not find context")
    assert "keeps no key presses" in await witness.doubt()
    session.began = "17:29:50"  # half past five where that Asterisk is
    assert await witness.doubt() is None
    for session.began in ("", "soon", "17:29:20"):
        assert "keeps no key presses" in await witness.doubt()


async def test_a_dialplan_that_keeps_nothing_is_a_doubt_at_once(witness, session):
    session.features, session.began = "", "11:59:58"
    assert "CONCIERGE_FEATURES is empty" in await witness.doubt()


@pytest.mark.parametrize(
    ("text", "young"),
    [
        *[("12:00:00", True), ("11:59:36", True), ("11:59:34", False), ("12:00:04", True), ("12:00:10", False)],
        *[("00:14:59", True), ("0:44:50", True), ("00:45:20", False), ("", False), ("12:00", False)],
    ],
)
def test_the_time_of_day_is_read_in_any_time_zone(text, young):
    assert just_began(text, NOW) is young
