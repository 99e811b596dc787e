"""What the dialplan has kept is fetched, recorded, and only then removed."""

import pytest

from ami.kept import Drain, Drained, NotRead
from ami.link import NotSent, Reply

ROWS = [
    {"Event": "DBGetTreeResponse", "Key": "/concierge-optout/48601/1.2!9!1", "Val": "17.5!spring!PJSIP/x"},
    {"Event": "DBGetTreeResponse", "Key": "/concierge-optout/hand/1.3!keyed!1", "Val": "17!!PJSIP/y!600!101!"},
]
REFUSED = Reply(False, "Permission denied")


class Session:
    def __init__(self):
        self.sent, self.rows, self.logins, self.refused = [], ROWS, 1, set()

    async def send_for_list(self, headers):
        self.sent.append(dict(headers))
        return self.rows

    async def send(self, headers):
        self.sent.append(dict(headers))
        if headers["Action"] in self.refused:
            return REFUSED
        output = ["/concierge-optout/48601/1.2!9!1                    : 17.5!spring!PJSIP/x", "1 results found."]
        return Reply(True, "", {"Output": output if headers["Action"] == "Command" else ""})

    def status(self):
        return self


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def answers():
    return {}


@pytest.fixture
def drain(session, answers):
    async def record(key, _value):
        answer = answers.get(key, True)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Drain(session, record, every=0.2)


def variables(session):
    return [one["Variable"] for one in session.sent if one["Action"] == "Setvar"]


async def test_promises_to_callers_are_fetched_from_their_own_family(session):
    async def record(key, value):
        return value.startswith("17") or None

    session.rows = [
        {"Event": "DBGetTreeResponse", "Key": f"/concierge-callback/1.{one}!promise!1", "Val": value}
        for one, value in ((2, "17!600100200!no-answer!en!20!SIP/x"), (3, "nonsense"))
    ]
    assert await Drain(session, record, family="concierge-callback").all() == Drained(2, 1, 0, 1)
    assert session.sent[0]["Family"] == "concierge-callback"
    assert variables(session) == [
        "DB_DELETE(concierge-callback/1.2!promise!1)",
        "DB(concierge-callback-bad/1.3!promise!1)",
        "DB_DELETE(concierge-callback/1.3!promise!1)",
    ]


async def test_each_key_goes_after_its_record(drain, session):
    assert await drain.all() == Drained(2, 2)
    assert variables(session) == [
        "DB_DELETE(concierge-optout/48601/1.2!9!1)",
        "DB_DELETE(concierge-optout/hand/1.3!keyed!1)",
    ]
    assert drain.recorded == 2


@pytest.mark.parametrize("answer", [False, ValueError("a bug")])
async def test_what_is_not_recorded_stays(drain, session, answers, answer):
    answers["48601/1.2!9!1"] = answer
    assert await drain.all() == Drained(2, 1, left=1)
    assert variables(session) == ["DB_DELETE(concierge-optout/hand/1.3!keyed!1)"]


async def test_what_can_never_be_recorded_is_put_aside(drain, session, answers):
    answers["48601/1.2!9!1"] = None
    assert await drain.all() == Drained(2, 1, bad=1)
    assert variables(session)[:2] == [
        "DB(concierge-optout-bad/48601/1.2!9!1)",
        "DB_DELETE(concierge-optout/48601/1.2!9!1)",
    ]


async def test_what_cannot_be_put_aside_is_not_removed(drain, session, answers):
    answers["48601/1.2!9!1"] = None
    session.refused.add("Setvar")
    await drain.all()
    assert "DB_DELETE(concierge-optout/48601/1.2!9!1)" not in variables(session)


async def test_an_asterisk_without_dbgettree_shows_it_as_a_command(drain, session):
    session.rows = Reply(False, "Invalid/unknown command")
    assert await drain.all() == Drained(1, 1)


async def test_without_rights_it_is_said(drain, session):
    session.rows = REFUSED
    session.refused.add("Command")
    found = await drain.all()
    assert isinstance(found, NotRead)
    assert "`reporting`" in found.reason
    session.rows = NotSent("gone")
    assert await drain.all() == NotRead("gone")


async def test_a_line_break_in_a_key_is_never_sent(drain, session):
    session.rows = [{"Key": "/concierge-optout/1/2\r\nAction: Originate", "Val": "x"}]
    assert await drain.all() == Drained(1, 1)
    assert variables(session) == []


async def test_hints_logins_and_the_period_each_lead_to_a_look(drain, session, start, wait_until):
    start(drain.run())
    await wait_until(lambda: session.sent)
    drain.hint("48601")
    await wait_until(lambda: any(one.get("Key") == "48601" for one in session.sent))
    looks = len(session.sent)
    session.logins = 2
    await wait_until(lambda: len(session.sent) > looks)
    looks = len(session.sent)
    await wait_until(lambda: len(session.sent) > looks)


async def test_a_flood_of_hints_is_bounded(drain):
    for number in range(5_000):
        drain.hint(str(number))
    assert len(drain._hints) == 1_000
