"""Texts that were made to let a listed number pass for something else."""

from __future__ import annotations

import pytest

from models.number import NotANumber, Number, Site, Why, interpret

SITE = Site(country="PL", outside_line="9")


@pytest.mark.parametrize(
    "text", ["600100200#112", "600100200*112", "9600100200#112", "0048600100200#999", "600100200<112>"]
)
def test_an_emergency_number_behind_a_subscribers_number_is_no_emergency_call(text: str) -> None:
    found = interpret(text, SITE)
    assert isinstance(found, Number) or found.why is not Why.EMERGENCY


@pytest.mark.parametrize("text", ["112", "9112", "#31#112", "+48112", "Police <112>"])
def test_an_emergency_call_stays_one(text: str) -> None:
    found = interpret(text, SITE)
    assert isinstance(found, NotANumber) and found.why is Why.EMERGENCY
