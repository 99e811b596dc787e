"""`/menu` and `/optout`: pure, and over a socket."""

import pytest

from agi.handlers import ByHand, OptOut, SetVariable
from agi.menu_guard import menu
from agi.opt_out import opt_out
from agi.protocol import Environment
from models.flow import Limits

NONCE = "1795295160.7-482910335"


def _step(*arguments, limits=None):
    handling = menu(Environment({}, arguments), limits or Limits(passes=2))
    effect = next(handling)
    with pytest.raises(StopIteration) as done:
        handling.send(None)
    assert effect.name == "CONCIERGE_STEP"
    return effect.value, done.value.value


def test_a_caller_within_the_limits_goes_on_with_a_new_state():
    value, outcome = _step("main", "pass", NONCE, "")
    assert value == f"GO!within-limits!main.pass=1!{NONCE}"
    assert (outcome.decision, outcome.fields["state"]) == ("go", "main.pass=1")


def test_the_pass_above_the_limit_goes_to_the_operator():
    state = ""
    for expected in ("GO", "GO", "OPERATOR"):
        value, _ = _step("main", "pass", NONCE, state)
        step, _reason, state, _ = value.split("!")
        assert step == expected


def test_no_happening_named_is_a_pass():
    assert _step("main", "", NONCE, "")[0].startswith("GO!within-limits!main.pass=1!")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("", "pass", NONCE, ""),
        ("main", "dance", NONCE, ""),
        ("main", "error", NONCE, ""),
        ("main", "pass", NONCE, "main.pass=-1"),
        ("main", "pass", NONCE, "a!b"),
        ("a!GO!x", "pass", NONCE, ""),
    ],
)
def test_an_error_or_an_unreadable_report_goes_to_the_operator(arguments):
    value, outcome = _step(*arguments)
    assert value.startswith("OPERATOR!menu-error!")
    assert value.count("!") == 3
    assert outcome.decision == "operator"


def test_a_step_that_is_cut_anywhere_is_no_step():
    value, _ = _step("main", "pass", NONCE, "")
    for cut in range(len(value)):
        fields = value[:cut].split("!") + [""] * 4
        assert fields[3] != NONCE


def test_an_unusual_nonce_is_not_echoed():
    assert _step("main", "pass", "a!b", "")[0] == "GO!within-limits!main.pass=1!"


def _pressed(arguments, durable=True):
    handling = opt_out(Environment({"channel": "PJSIP/t-1", "uniqueid": "17.2"}, arguments))
    effect = next(handling)
    answer = handling.send(durable)
    with pytest.raises(StopIteration) as done:
        handling.send(None)
    return effect, answer, done.value.value


def test_a_press_is_recorded_before_the_dialplan_is_told():
    effect, answer, outcome = _pressed(("48501502503", NONCE, "spring", "9", "2"))
    assert effect == OptOut("48501502503", "spring", "9", 2, "PJSIP/t-1", "17.2")
    assert answer == SetVariable("CONCIERGE_OPTOUT", f"RECORDED!{NONCE}")
    assert outcome.decision == "opt-out-recorded"


@pytest.mark.parametrize("durable", [False, 1, "yes"])
def test_only_true_counts_as_recorded(durable):
    _, answer, outcome = _pressed(("48501502503", NONCE, "spring", "9", "1"), durable)
    assert answer.value == f"FAILED!{NONCE}"
    assert outcome.decision == "opt-out-failed"


def test_what_can_never_be_recorded_is_rejected():
    _, answer, outcome = _pressed(("48501502503", NONCE, "spring", "5", "1"), None)
    assert answer.value == f"REJECTED!{NONCE}"
    assert outcome.decision == "opt-out-rejected"


@pytest.mark.parametrize(
    ("press", "count"), [("", 1), ("0", 1), ("7", 7), ("x", 1), ("-1", 1), ("9" * 12, 1), ("٣", 1)]
)
def test_an_unreadable_count_of_presses_is_one(press, count):
    effect, _, _ = _pressed(("48501502503", NONCE, "spring", "9", press))
    assert effect.press == count


def test_a_press_that_the_pbx_has_kept_names_its_own_leg_and_time():
    effect, _, _ = _pressed(("48501502503", NONCE, "spring", "9", "1", "17.9", "PJSIP/t-9", "1795295161"))
    assert effect == OptOut("48501502503", "spring", "9", 1, "PJSIP/t-9", "17.9", 1795295161)


def test_the_log_does_not_tell_who_opted_out():
    _, _, outcome = _pressed(("48501502503", NONCE, "spring", "9", "1"))
    assert "48501502503" not in str(outcome.fields)


def test_missing_arguments_are_empty_and_the_recorder_decides():
    effect, answer, _ = _pressed((), durable=False)
    assert effect == OptOut("", "", "", 1, "PJSIP/t-1", "17.2")
    assert answer.value == "FAILED!"


async def test_a_press_over_the_socket_is_recorded_and_told(start, header):
    recorded = []

    async def record(effect):
        recorded.append((effect.number, effect.press))
        return True

    bench = await start(record=record)
    commands = await bench.good_call(header("optout", ("48501502503", "n-1", "spring", "9", "1")))
    assert commands == ['SET VARIABLE "CONCIERGE_OPTOUT" "RECORDED!n-1"\n']
    assert recorded == [("48501502503", 1)]
    await bench.misbehaved()


async def test_a_recorder_that_raises_tells_the_dialplan_nothing(start, header):
    async def record(effect):
        raise OSError("disk full")

    bench = await start(record=record)
    assert await bench.good_call(header("optout", ("48501502503", "n-1", "spring", "9", "1"))) == []
    await bench.idle()
    (record_of_it,) = bench.records()
    assert record_of_it.getMessage().startswith("decision=error reason=internal path=optout ")
    assert "disk full" in str(record_of_it.exc_info)


def test_a_number_by_hand_comes_with_who_and_how():
    arguments = ("hand", NONCE, "spring", "keyed", "2", "17.9", "PJSIP/t-9", "1795295161", "900485", "PJSIP/t", "101")
    effect, answer, outcome = _pressed(arguments)
    assert effect == ByHand("900485", "keyed", "spring", 2, "PJSIP/t-9", "17.9", "PJSIP/t", "101", 1795295161)
    assert answer == SetVariable("CONCIERGE_OPTOUT", f"RECORDED!{NONCE}")
    assert "900485" not in str(outcome.fields) and outcome.fields["how"] == "keyed"


@pytest.mark.parametrize(("result", "word"), [(False, "FAILED"), (None, "REJECTED")])
def test_a_number_by_hand_that_is_not_recorded_is_not_called_so(result, word):
    _, answer, _ = _pressed(("hand", NONCE, "", "keyed", "1", "", "", "", "12"), result)
    assert answer.value == f"{word}!{NONCE}"
