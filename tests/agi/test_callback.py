"""`/callback`: what the PBX kept is read whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.callback import callback, read_kept
from agi.handlers import CallBack
from agi.protocol import Environment

NONCE = "1795295160.7-482910335"
KEY, VALUE = "1795295160.7!promise!1", "1795295100!+48600100200!menu-silence!pl!30!PJSIP/caller-00000001"


def run(*arguments: str, durable: object = True) -> tuple[object, str, str]:
    handling = callback(Environment({}, arguments))
    effect = next(handling)
    asked = None
    if isinstance(effect, CallBack):
        asked, effect = effect, handling.send(durable)
    with pytest.raises(StopIteration) as done:
        handling.send(None)
    return asked, effect.value, done.value.value.decision


@pytest.mark.parametrize(("durable", "word"), [(True, "RECORDED"), (False, "FAILED"), (None, "REJECTED")])
def test_a_kept_promise_is_recorded_and_said_so(durable, word):
    asked, said, decision = run(NONCE, KEY, VALUE, durable=durable)
    assert asked == CallBack(
        "promise", "+48600100200", "menu-silence", "pl", 30, 1, "PJSIP/caller-00000001", "1795295160.7", 1795295100
    )
    assert (said, decision) == (f"{word}!{NONCE}", f"callback-{word.lower()}")


@pytest.mark.parametrize(
    ("key", "value"),
    [("", ""), (KEY, ""), ("x", VALUE), (KEY.replace("promise", "wish"), VALUE), (KEY, VALUE.replace("30", "soon"))],
)
def test_what_cannot_be_read_is_rejected_and_kept_apart_by_the_pbx(key, value):
    asked, said, _ = run(NONCE, key, value)
    assert asked is None and said == f"REJECTED!{NONCE}"


def test_a_clock_that_jumped_makes_no_wait_longer_than_a_day():
    assert read_kept(KEY, VALUE.replace("!30!", "!99999999!")).waited == 86_400
    assert read_kept(KEY, VALUE.replace("!30!", "!-5!")).waited == 0


@given(st.text(), st.text())
def test_no_text_makes_it_fail(key, value):
    run(NONCE, key, value)


def test_what_is_too_long_is_cut_and_the_promise_is_not_lost() -> None:
    kept = read_kept("17.1!promise!1", f"1795295100!{'4' * 60}!{'r' * 90}!{'l' * 30}!30!PJSIP/{'x' * 300}")
    assert kept is not None
    assert [len(one) for one in (kept.number, kept.reason, kept.language, kept.channel)] == [40, 60, 20, 200]
