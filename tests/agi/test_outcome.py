"""`/outcome`: which contact of which PBX, and what the dialplan is told."""

import pytest

from agi.handlers import Ended, GetVariable
from agi.outcome import outcome
from agi.protocol import Environment


def run(*arguments: str, system: str = "", found: object = True) -> tuple[list[object], str]:
    handling = outcome(Environment({"uniqueid": "17.1"}, arguments))
    effects: list[object] = []
    result: object = None
    while True:
        try:
            effects.append(handling.send(result))
        except StopIteration as done:
            return effects[:-1], done.value.decision
        result = system if isinstance(effects[-1], GetVariable) else found


@pytest.mark.parametrize(
    ("arguments", "ended"),
    [
        (("refused",), Ended("17.1", "refused", "near")),
        (("refused", "18.2"), Ended("18.2", "refused", "near")),
        (("refused", "18.2", "far"), Ended("18.2", "refused", "far")),
    ],
)
def test_it_is_the_call_of_this_pbx_unless_another_is_named(arguments, ended):
    effects, decision = run(*arguments, system="near")
    assert effects[-1] == ended and decision == "outcome-recorded"
    assert (GetVariable("CONCIERGE_SYSTEM") in effects) is (len(arguments) < 3)


@pytest.mark.parametrize("word", ["", "Refused", "9", "a" * 41])
def test_what_is_no_word_records_nothing(word):
    assert run(word) == ([], "outcome-unknown")
