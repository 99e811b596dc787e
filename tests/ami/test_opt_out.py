"""From a key on the wire to an entry, and to those who listen."""

import asyncio
from dataclasses import replace

import pytest

from ami.legs import press_id
from ami.opt_out import OptOutListener, announcement

PRESS = press_id("pbx1", "1795295160.7", "9", "1795295161.955735")


@pytest.fixture
def make(access, recorder, tmp_path, brisk, start, wait_until):
    async def build(**options):
        listener = OptOutListener(
            options.pop("access", access),
            recorder,
            tmp_path / "spool",
            lambda _campaign: {"9": "all", "8": "campaign"},
            system="pbx1",
            **(brisk | options),
        )
        listener.task = start(listener.run())
        await wait_until(lambda: listener.status().session.connected)
        return listener

    return build


async def test_a_nine_is_recorded_and_announced(make, server, recorder, dial, dtmf, wait_until):
    listener = await make()
    server.event(dial())
    server.event(dtmf())
    await wait_until(lambda: server.of("UserEvent"))
    item = recorder.recorded[PRESS]
    assert (item.number, item.scope, item.campaign) == (48501502503, "all", "spring")
    sent = server.of("UserEvent")[0]
    del sent["ActionID"]
    assert sent == {
        "Action": "UserEvent",
        "UserEvent": "ConciergeOptOut",
        "EventId": str(PRESS),
        "EntryId": "1",
        "New": "1",
        "Number": "48501502503",
        "Campaign": "spring",
        "Scope": "all",
        "Digit": "9",
        "Channel": "PJSIP/trunk-00000001",
        "Uniqueid": "1795295160.7",
        "Linkedid": "1795295160.1",
        "At": "1795295161.955735",
    }
    assert listener.status().keeper.recorded == 1
    await listener.close()


async def test_one_key_on_three_channels_two_keys_two_events(make, server, recorder, dial, dtmf, wait_until):
    listener = await make()
    local = "Local/48501502503@outbound-00000001"
    server.event(dial())
    for at in ("1795295161.9", "1795295162.4"):
        server.event(dtmf(at=at))
        server.event(dtmf(f"{local};2", "1795295160.2", direction="Sent", leg="", at=at))
        server.event(dtmf(f"{local};1", "1795295160.1", leg="", at=at))
    await wait_until(lambda: listener.status().session.events_seen == 7)
    await wait_until(lambda: len(recorder.recorded) == 2)
    assert listener.status().not_opt_outs == {"passed-on": 2, "local-channel": 2}
    await listener.close()


async def test_a_reconnect_in_the_middle_of_a_call(make, server, recorder, dial, dtmf, wait_until):
    """The DialBegin came before, the key after; the leg map may or may not still know the leg."""
    listener = await make()
    server.drop()
    await wait_until(lambda: listener.status().session.logins == 2)
    server.event(dtmf(uniqueid="1.5"))
    await wait_until(lambda: recorder.recorded)
    await listener.close()


async def test_the_database_fails_and_the_daemon_is_stopped(make, server, recorder, dtmf, wait_until):
    recorder.failing = OSError("locked")
    first = await make()
    server.event(dtmf())
    await wait_until(lambda: first.status().keeper.failures)
    closing = asyncio.create_task(first.close())
    await wait_until(lambda: not first.status().session.connected)
    first.task.cancel()
    await asyncio.wait({closing, first.task})
    recorder.failing = None
    second = await make()
    await wait_until(lambda: PRESS in recorder.recorded)
    await second.close()


async def test_close_records_what_was_read(make, server, recorder, dtmf, wait_until):
    recorder.gate.clear()
    listener = await make()
    server.event(dtmf())
    await wait_until(lambda: recorder.attempts)
    closing = asyncio.create_task(listener.close())
    await wait_until(lambda: not listener.status().session.connected)
    recorder.gate.set()
    await closing
    await asyncio.wait_for(listener.task, 10)
    assert PRESS in recorder.recorded


async def test_an_opt_out_without_link_is_recorded_and_counted_as_unannounced(make, server, recorder, dtmf, wait_until):
    recorder.gate.clear()
    listener = await make()
    server.event(dtmf())
    await wait_until(lambda: recorder.attempts)
    await server.stop()
    await wait_until(lambda: not listener.status().session.connected)
    recorder.gate.set()
    await wait_until(lambda: listener.status().unannounced == 1)
    assert PRESS in recorder.recorded
    await listener.close()


async def test_a_call_that_went_round_the_gate_is_said(make, server, recorder, dtmf, wait_until, caplog):
    listener = await make()
    server.event(dtmf(number=""))
    await wait_until(lambda: listener.status().not_opt_outs == {"no-number": 1})
    assert "CONCIERGE_NUMBER" in caplog.text
    assert recorder.recorded == {}
    await listener.close()


async def test_others_hear_every_event(make, server, dial, dtmf, hangup, wait_until):
    heard = []

    async def hear(event, _seen_at):
        heard.append(type(event).__name__)

    listener = await make(also=[hear])
    for frame in (dial(), dtmf(), hangup()):
        server.event(frame)
    await wait_until(lambda: len(heard) == 3)
    assert heard == ["LegDialled", "KeyPressed", "LegEnded"]
    assert listener.status().legs == 0
    await listener.close()


async def test_a_broken_other_does_not_cost_the_opt_out(make, server, recorder, dtmf, wait_until):
    async def fail(_event, _seen_at):
        raise RuntimeError

    listener = await make(also=[fail])
    server.event(dtmf())
    await wait_until(lambda: PRESS in recorder.recorded)
    await listener.close()


async def test_everything_ends_with_close(make):
    listener = await make()
    await listener.close()
    await asyncio.wait_for(listener.task, 10)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"ami", "ami events", "ami link", "opt-outs", "opt-out"}


def test_an_announcement_is_flat_text(opt_out, recorder):
    class Answer:
        new, entry_id = False, 7

    headers = announcement(replace(opt_out(1), scope="campaign"), Answer())
    assert all(isinstance(value, str) for value in headers.values())
    assert (headers["New"], headers["EntryId"], headers["Scope"]) == ("0", "7", "campaign")
