"""What counts as a person because the administrator says so."""

import pytest

from dialplan.applications import tables
from dialplan.flow.entries import parse
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import rules
from dialplan.subject import Subject

PLAN = b"""
[from-trunk]
exten => s,1,Answer()
same => n(menu),Background(welcome)
same => n,WaitExten(5)
exten => _85XX,1,NoOp(handed to a system that is not seen here)
same => n,Wait(1)
same => n,Goto(s,menu)
exten => i,1,Goto(s,menu)
exten => t,1,Goto(s,menu)
include => desk-day

[desk-day]
exten => 0,1,NoOp(the desk)
same => n,Wait(1)
same => n,Goto(from-trunk,s,menu)
"""


def codes(*operators: str) -> set[str]:
    subject = Subject(loads(PLAN), tables.load("22"))
    subject.operators = tuple(map(parse, operators))
    return {finding.code for finding in lint(subject, rules()).findings}


@pytest.mark.parametrize(
    "operator", ["from-trunk,_85XX,1", "from-trunk,8512", "desk-day", "desk-*", "desk-day,0,2", "from-trunk,0,1"]
)
def test_a_named_place_is_a_person(operator: str) -> None:
    assert "D901" in codes()
    assert "D901" not in codes(operator)


@pytest.mark.parametrize("operator", ["from-trunk,_86XX,1", "desk-day,1", "desk-day,0,7", "night-*", "desk-da?,_1"])
def test_another_place_is_none(operator: str) -> None:
    assert "D901" in codes(operator)
