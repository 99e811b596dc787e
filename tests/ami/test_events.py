"""Raw events to values: what Asterisk sends, and what nobody should ever send."""

from hypothesis import given
from hypothesis import strategies as st

from ami.events import WANTED, Connected, KeyPressed, LegDialled, LegEnded, event_of

NAMES = st.sampled_from(
    [
        *WANTED,
        *("Event", "Digit", "Channel", "Uniqueid", "Linkedid", "Timestamp", "DurationMs", "Direction"),
        *("ChanVariable", "DestChanVariable", "DestChannel", "DestUniqueid", "Cause", "DialString"),
    ]
)
VALUES = st.text(max_size=12) | st.sampled_from(["9", "A=b", "=", "1.5", "nan", "inf", "-1", "1e999", "²"])


def test_a_recorded_key_press(frame, dtmf):
    assert event_of(frame(dtmf())) == KeyPressed(
        digit="9",
        direction="Received",
        channel="PJSIP/trunk-00000001",
        uniqueid="1795295160.7",
        linkedid="1795295160.1",
        at=1795295161.955735,
        duration_ms=120,
        variables={
            "CONCIERGE_CAMPAIGN": "spring",
            "CONCIERGE_NUMBER": "48501502503",
            "CONCIERGE_LEG": "callee",
        },
    )


def test_a_recorded_dial_carries_the_called_legs_variables(frame, dial):
    event = event_of(frame(dial()))
    assert isinstance(event, LegDialled)
    assert (event.dest_channel, event.dest_uniqueid) == ("PJSIP/trunk-00000001", "1795295160.7")
    assert (event.dial_string, event.at) == ("48501502503@trunk", 1795295160.231893)
    assert event.variables["CONCIERGE_LEG"] == "callee"


def test_a_recorded_hangup(frame, hangup):
    event = event_of(frame(hangup()))
    assert event == LegEnded("1795295160.7", "1795295160.1", "PJSIP/trunk-00000001", 16, 1795295169.000001)


def test_fully_booted():
    assert event_of({"Event": "FullyBooted", "Status": "Fully Booted"}) == Connected("Fully Booted")


def test_a_single_variable_is_a_string_several_are_a_list(frame, dtmf):
    one = frame(dtmf()) | {"ChanVariable": "A=b=c"}
    several = frame(dtmf()) | {"ChanVariable": ["A=", "B=c", "no equals sign"]}
    assert event_of(one).variables == {"A": "b=c"}
    assert event_of(several).variables == {"A": "", "B": "c"}


def test_without_timestampevents_the_time_is_unknown(frame, dtmf):
    raw = frame(dtmf())
    del raw["Timestamp"]
    assert event_of(raw).at is None


def test_a_time_that_is_none_is_unknown(frame, dtmf):
    for text in ("", "soon", "nan", "inf", "-1", "0", "1e999"):
        assert event_of(frame(dtmf()) | {"Timestamp": text}).at is None, text


def test_incomplete_and_other_events_are_none(frame, dtmf, dial):
    assert event_of({}) is None
    assert event_of(frame(dtmf()) | {"Event": "DTMFBegin"}) is None
    for name, value in (("Digit", ""), ("Digit", "99"), ("Digit", "٩"), ("Channel", ""), ("Uniqueid", "")):
        assert event_of(frame(dtmf()) | {name: value}) is None, (name, value)
    assert event_of(frame(dial()) | {"DestUniqueid": ""}) is None
    assert event_of({"Event": "Hangup"}) is None


@given(st.dictionaries(NAMES | st.text(max_size=8), VALUES | st.lists(VALUES, max_size=3)))
def test_no_event_raises(raw):
    event_of(raw)


@given(st.sampled_from(sorted(WANTED)), st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=3)))
def test_no_event_of_a_known_kind_raises(kind, raw):
    event = event_of(raw | {"Event": kind})
    assert event is None or isinstance(event, KeyPressed | LegDialled | LegEnded | Connected)
