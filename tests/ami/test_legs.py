"""Whose key it was: the recordings of real calls, and the channels that carry copies."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami.events import KeyPressed, LegDialled, event_of, leg_shown
from ami.legs import LegMap, NotAnOptOut, OptOut, press_id

DIGITS = {"spring": {"9": "all", "8": "campaign"}, "silent": {}}
SEEN = 1795295162.0


@pytest.fixture
def legs():
    return LegMap("pbx1", lambda campaign: DIGITS.get(campaign, {"9": "all"}))


@pytest.fixture
def tell(legs, frame):
    """Give the map recorded frames; returns what the last one meant."""

    def apply(*frames):
        meanings = [legs.apply(event_of(frame(text)), SEEN) for text in frames]
        return meanings[-1]

    return apply


def reason(meaning):
    assert isinstance(meaning, NotAnOptOut), meaning
    return meaning.reason


def test_the_callees_nine(tell, dial, dtmf):
    meaning = tell(dial(), dtmf())
    assert meaning == OptOut(
        event_id=press_id("pbx1", "1795295160.7", "9", "1795295161.955735"),
        number=48501502503,
        scope="all",
        campaign="spring",
        digit="9",
        channel="PJSIP/trunk-00000001",
        uniqueid="1795295160.7",
        linkedid="1795295160.1",
        at=1795295161.955735,
        seen_at=SEEN,
        variables={
            "CONCIERGE_CAMPAIGN": "spring",
            "CONCIERGE_NUMBER": "48501502503",
            "CONCIERGE_LEG": "callee",
        },
        system="pbx1",
    )


def test_the_key_says_the_scope(tell, dial, dtmf):
    assert tell(dial(), dtmf(digit="8")).scope == "campaign"
    assert reason(tell(dtmf(digit="7"))) == "other-digit"
    assert reason(tell(dial(campaign="silent"), dtmf(campaign="silent"))) == "other-digit"
    assert tell(dtmf(uniqueid="1.1", campaign="never heard of")).scope == "all"


def test_ivr_campaign_one_key_on_three_channels_is_one_opt_out(tell, dial, dtmf):
    """Originate of Local/N@outbound/n: the callee's leg, then both halves of the Local channel."""
    tell(dial())
    local = "Local/48501502503@outbound-00000001"
    meanings = [
        tell(dtmf()),
        tell(dtmf(f"{local};2", "1795295160.2", direction="Sent", leg="")),
        tell(dtmf(f"{local};1", "1795295160.1", leg="")),
    ]
    assert [isinstance(meaning, OptOut) for meaning in meanings] == [True, False, False]
    assert [reason(meaning) for meaning in meanings[1:]] == ["passed-on", "local-channel"]


def test_agent_and_callee_bridged(tell, dial, dtmf):
    """The callee's key is Received on the callee's channel and Sent on the agent's, and the other way round."""
    tell(dial())
    agent = ("PJSIP/agent-00000002", "1795295160.9")
    assert isinstance(tell(dtmf()), OptOut)
    assert reason(tell(dtmf(*agent, direction="Sent", leg=""))) == "passed-on"
    assert reason(tell(dtmf(*agent, leg=""))) == "not-the-callee"
    assert reason(tell(dtmf(direction="Sent"))) == "passed-on"


@pytest.mark.parametrize("half", [";1", ";2"])
def test_the_agents_key_on_a_local_half_with_a_copied_mark(tell, dial, dtmf, half):
    """b() before the call copies CONCIERGE_LEG to the ;2 half, where the agent's key is Received."""
    local = f"Local/15550003@sim-callee-0003c362{half}"
    assert reason(tell(dial(local, "1795295160.5"), dtmf(local, "1795295160.5"))) == "local-channel"


def test_the_leg_behind_a_dialled_local_channel_is_the_callee(tell, dial, dtmf):
    """Dial(Local/N@outbound,b(mark)), and there Dial(PJSIP/N@trunk,b(mark)): the mark counts on the real leg only."""
    tell(dial("Local/48501502503@outbound-1;1", "1795295160.4"), dial())
    assert isinstance(tell(dtmf()), OptOut)


def test_inbound_menu_and_call_without_campaign(tell, dial, dtmf):
    assert reason(tell(dtmf(campaign="", number="", leg=""))) == "not-the-callee"
    assert reason(tell(dial(campaign=""), dtmf(campaign=""))) == "no-campaign"


def test_the_mark_is_taken_from_the_dial_or_from_the_key(tell, dial, dtmf):
    """b() marks before DialBegin, U() only when the leg has answered."""
    assert isinstance(tell(dial(leg=""), dtmf()), OptOut)
    assert isinstance(tell(dial(uniqueid="1.2"), dtmf(uniqueid="1.2", leg="")), OptOut)
    assert reason(tell(dial(uniqueid="1.3", leg=""), dtmf(uniqueid="1.3", leg=""))) == "not-the-callee"


def test_the_number_is_the_one_this_leg_was_dialled_with(tell, dial, dtmf):
    """A called person who is passed on through the gate carries the next number on the same channel."""
    assert tell(dial(), dtmf(number="48222222222")).number == 48501502503


def test_after_a_reconnect_the_keys_own_variables_decide(tell, dtmf):
    assert isinstance(tell(dtmf()), OptOut)
    assert reason(tell(dtmf("PJSIP/agent-2", "1.2", leg=""))) == "not-the-callee"
    assert reason(tell(dtmf("Local/1@x-1;2", "1.3"))) == "local-channel"
    assert reason(tell(dtmf(uniqueid="1.4", campaign=""))) == "no-campaign"
    assert reason(tell(dtmf(uniqueid="1.5", number=""))) == "no-number"


@pytest.mark.parametrize("number", ["", "0048501502503", "anonymous", "12", "1" * 16, "٤٨٥٠١٥٠٢", "48 501"])
def test_without_a_canonical_number_nobody_can_be_listed(tell, dtmf, number):
    assert reason(tell(dtmf(number=number))) == "no-number"


def test_a_plus_is_tolerated(tell, dtmf):
    assert tell(dtmf(number="+48501502503")).number == 48501502503


def test_two_presses_are_two_events(tell, dial, dtmf):
    first = tell(dial(), dtmf())
    second = tell(dtmf(at="1795295163.5"))
    assert first.event_id == press_id("pbx1", "1795295160.7", "9", "1795295161.955735")
    assert second.event_id == press_id("pbx1", "1795295160.7", "9", "1795295163.500000")
    assert first.event_id != second.event_id


def test_the_same_event_twice_is_one_press(tell, dial, dtmf):
    assert tell(dial(), dtmf()).event_id == tell(dtmf()).event_id


def test_without_timestamps_each_event_is_a_press(legs, frame, tell, dtmf):
    pressed = event_of(frame(dtmf(at="")))
    assert legs.apply(pressed, SEEN).event_id != legs.apply(pressed, SEEN + 0.1).event_id
    assert tell(dtmf(at="")).at == SEEN


def test_two_keys_at_the_same_time_are_two_presses(tell, dial, dtmf):
    assert tell(dial(), dtmf()).event_id != tell(dtmf(digit="8")).event_id


def test_after_a_gap_the_map_is_what_asterisk_shows(legs, tell, dial, dtmf, frame):
    tell(dial())
    shown = [leg_shown(frame(dtmf(uniqueid=uniqueid, number="15550009"))) for uniqueid in ("1795295160.7", "1.8")]
    local, unmarked = leg_shown(frame(dtmf("Local/1@x-1;2", "1.9"))), leg_shown(frame(dtmf(uniqueid="1.10", leg="")))
    legs.rebuild([*shown, local, unmarked], legs.names())
    assert [legs.variables(one) is not None for one in ("1795295160.7", "1.8", "1.9", "1.10")] == [1, 1, 0, 0]
    assert legs.variables("1795295160.7")["CONCIERGE_NUMBER"] == "48501502503"
    assert legs.variables("1.8")["CONCIERGE_NUMBER"] == "15550009"
    legs.rebuild([], legs.names())
    assert len(legs) == 0


def test_a_leg_that_was_dialled_while_asterisk_told_which_there_are_stays(legs, tell, dial):
    tell(dial(uniqueid="1.8"))
    asked = legs.names()
    tell(dial(uniqueid="1.9"))
    legs.rebuild([], asked)
    assert legs.names() == {"1.9"}


def test_press_ids_are_fixed_for_ever():
    """Stored ids depend on it: a change would record old presses a second time."""
    assert press_id("pbx1", "1795295160.7", "9", 1) == UUID("c9765358-d7d3-5b3a-80b4-dbdca668af69")


def test_two_systems_never_share_an_id():
    assert press_id("a", "1.1", "9", 1) != press_id("b", "1.1", "9", 1)


def test_a_leg_is_dropped_at_hangup(legs, tell, dial, hangup):
    tell(dial())
    assert len(legs) == 1
    tell(hangup())
    assert len(legs) == 0
    tell(hangup())


def test_local_legs_and_calls_without_campaign_are_not_kept(legs, tell, dial):
    tell(dial("Local/1@x-1;1"), dial(uniqueid="1.9", campaign=""))
    assert len(legs) == 0


def test_the_map_is_bounded_and_counts_what_it_drops(dtmf, frame):
    legs = LegMap("pbx1", DIGITS.__getitem__, limit=3)
    for n in range(5):
        legs.apply(LegDialled(f"PJSIP/t-{n}", f"1.{n}", "1.0", "", {"CONCIERGE_CAMPAIGN": "spring"}), SEEN)
    assert (len(legs), legs.dropped) == (3, 2)
    assert isinstance(legs.apply(event_of(frame(dtmf(uniqueid="1.0"))), SEEN), OptOut)


@given(
    st.lists(
        st.builds(
            KeyPressed,
            st.sampled_from("0123456789*#"),
            st.sampled_from(["Received", "Sent", ""]),
            st.sampled_from(["PJSIP/t-1", "Local/1@x;1", "Local/1@x;2", "DAHDI/1-1"]),
            st.sampled_from(["1.1", "1.2"]),
            st.just("1.1"),
            st.none() | st.sampled_from([1.0, 2.0]),
            st.none(),
            st.dictionaries(
                st.sampled_from(["CONCIERGE_CAMPAIGN", "CONCIERGE_NUMBER", "CONCIERGE_LEG"]),
                st.sampled_from(["", "spring", "callee", "48501502503"]),
            ),
        )
    )
)
def test_only_a_received_key_of_a_marked_real_leg_ever_counts(presses):
    legs = LegMap("pbx1", lambda _: {"9": "all"})
    for pressed in presses:
        if isinstance(legs.apply(pressed, SEEN), OptOut):
            assert pressed.digit == "9"
            assert pressed.direction == "Received"
            assert not pressed.channel.startswith("Local/")
