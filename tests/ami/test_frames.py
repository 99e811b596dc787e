"""A header is looked up where it stands, and means the same as if every line had been read."""

from hypothesis import given
from hypothesis import strategies as st

from ami.events import event_of
from ami.frames import Frame

NAMES = ("Event", "Timestamp", "Channel", "DestChannel", "Uniqueid", "Digit", "Direction", "ChanVariable")
VALUES = st.text(st.sampled_from("aU9:= ,\r\n\x85é"), max_size=12).filter(lambda text: "\r\n" not in text + "\n")
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12)


def read(text):
    """Line by line: header to its values in order."""
    found = {}
    for line in text.split("\r\n"):
        name, _, value = line.partition(":")
        found.setdefault(name, []).append(value.strip())
    return found


@given(HEADERS, st.sampled_from([":", ": "]))
def test_every_header_is_what_reading_all_lines_would_say(headers, colon):
    text = "\r\n".join(["Event: DTMFEnd", *(f"{name}{colon}{value}" for name, value in headers)])
    frame, expected = Frame(text.encode()), read(text)
    assert {name: frame.values_of(name) for name in expected} == expected
    assert {name: frame.first(name) for name in expected} == {name: values[0] for name, values in expected.items()}
    assert dict(frame) == {name: values if len(values) > 1 else values[0] for name, values in expected.items()}
    assert (frame.kind, frame.get("Nothing"), frame.first("Nothing"), frame.values_of("Nothing")) == (
        "DTMFEnd",
        None,
        "",
        [],
    )


@given(st.permutations(["Channel: PJSIP/a-1", "Uniqueid: 1.1", "Digit: 9", "Direction: Received", "Linkedid: 1.0"]))
def test_the_order_of_the_headers_makes_no_difference(lines):
    event = event_of(Frame("\r\n".join(["Event: DTMFEnd", *lines]).encode()))
    assert (event.channel, event.uniqueid, event.digit, event.direction, event.linkedid) == (
        *("PJSIP/a-1", "1.1", "9", "Received"),
        "1.0",
    )


def test_what_a_user_event_adds_does_not_stand_for_the_channels_own():
    text = (
        "Event: UserEvent\r\nChannel: PJSIP/a-1\r\nUniqueid: 1.1\r\nUserEvent: ConciergeKept\r\nKept: 48600100200/1.1"
    )
    assert event_of(Frame((text + "\r\nUniqueid: 7.7").encode())).uniqueid == "1.1"


def test_bytes_that_are_no_utf8_are_replaced():
    assert Frame(b"Event: Hangup\r\nChannel: \xff").first("Channel") == "\ufffd"
