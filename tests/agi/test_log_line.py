"""The canonical log line: one line, bounded, no number in clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.log_line import line, without_numbers


def test_a_line_says_the_decision_the_fields_that_have_a_value_and_the_time():
    fields = {"reason": "listed", "entry": "", "count": 0, "detail": "asked us to stop"}
    assert line("refuse", fields, 1.25) == 'decision=refuse reason=listed count=0 detail="asked us to stop" ms=1.2'


@pytest.mark.parametrize(
    "text", ['a"b', "a\nb", "a\r\nb", "\x1b[31mred\x1b[0m", "\u2028", "\x85", "\0", "a b", "x" * 5_000, "é\n" * 3_000]
)
def test_a_line_stays_one_printable_line_whatever_it_tells(text):
    told = line("refuse", {"campaign": text, "channel": text}, 1)
    assert told.isprintable()
    assert len(told.splitlines()) == 1
    assert len(told) < 3_000
    assert told.endswith(" ms=1.0")


@given(st.text())
def test_no_text_breaks_out_of_its_field(text):
    told = line("refuse", {"campaign": text}, 1)
    assert told.isprintable()
    inner = told.removeprefix("decision=refuse campaign=").removesuffix(" ms=1.0")
    if told != "decision=refuse ms=1.0" and (" " in inner or '"' in inner):
        assert inner[0] == inner[-1] == '"'
        assert '"' not in inner[1:-1]


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("PJSIP/agent-0000001a", "PJSIP/agent-0000001a"),
        ("PJSIP/1001-10000001", "PJSIP/1001-10000001"),
        ("Local/48501502503@outbound-00000001;2", "Local/+485***503@outbound-00000001;2"),
        ("Local/+48501502503@outbound-00000001;2", "Local/+485***503@outbound-00000001;2"),
        ("Local/9999#48501502503@o-00000001;1", "Local/9999#+485***503@o-00000001;1"),
        ("PJSIP/48501502503-0000001a", "PJSIP/+485***503-0000001a"),
        ("DAHDI/i1/501502503-1", "DAHDI/i1/+50***03-1"),
        ("", ""),
    ],
)
def test_a_number_in_a_channel_name_is_masked(channel, told):
    assert without_numbers(channel) == told


def test_a_channel_name_of_digits_only_is_masked_however_long():
    assert len(without_numbers("Local/" + "1" * 10_000)) < 30
