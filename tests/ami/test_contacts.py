"""What AMI tells of a call, and what it makes of its contact."""

import pytest

from ami.contacts import settled
from ami.events import DialEnded, event_of
from models.caps import State

CALLER, LEG = "1.1", "1.2"


def begun(**change):
    raw = {"Event": "DialBegin", "Uniqueid": CALLER, "DestUniqueid": LEG, "DestChannel": "PJSIP/x", "DialString": "x"}
    return event_of(raw | change)


def ended(status="ANSWER", **change):
    return event_of({"Event": "DialEnd", "Uniqueid": CALLER, "DestUniqueid": LEG, "DialStatus": status} | change)


def ways(event):
    return {one.uniqueid: dict(one.ways) for one in settled(event)}


def test_a_leg_that_is_called_makes_it_a_dial_on_either_channel():
    assert ways(begun()) == {one: {State.RESERVED: State.DIALLING} for one in (CALLER, LEG)}
    assert set(ways(begun(Uniqueid=""))) == {LEG}


def test_an_answer_makes_it_a_conversation():
    assert set(ways(ended())) == {CALLER, LEG}
    assert ways(ended())[CALLER] == {State.RESERVED: State.CONVERSATION, State.DIALLING: State.CONVERSATION}


@pytest.mark.parametrize("status", ["BUSY", "NOANSWER", "CANCEL", "CONGESTION", "CHANUNAVAIL"])
def test_anything_else_is_not_the_end_yet(status):
    assert settled(ended(status)) == []


def test_a_hang_up_frees_what_was_not_dialled_and_counts_what_was():
    gone = event_of({"Event": "Hangup", "Uniqueid": CALLER, "Channel": "PJSIP/a", "Cause": "16"})
    assert ways(gone) == {CALLER: {State.RESERVED: State.RELEASED, State.DIALLING: State.ATTEMPT}}


@pytest.mark.parametrize("missing", [{"DialStatus": ""}, {"Uniqueid": "", "DestUniqueid": ""}])
def test_an_end_of_nothing_is_nothing(missing):
    assert ended(**missing) is None
    assert ended(Uniqueid="") == DialEnded("", LEG, "ANSWER")
