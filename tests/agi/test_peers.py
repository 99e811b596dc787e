"""What a leg's dial string says is dialled."""

from __future__ import annotations

import pytest

from agi.outbound import of_peer
from models.number import Number, Site, interpret


@pytest.mark.parametrize(
    ("peer", "number"),
    [
        ("peer:48600100200@trunk", 48600100200),
        ("peer:trunk/sip:+48600100200@host", 48600100200),
        ("peer:trunk/sip:48600100200;x=/600100778@host", 48600100200),
        ("peer:trunk/48600100200", 48600100200),
        ("peer:g1/600100200", 48600100200),
        ("600100200", 48600100200),
    ],
)
def test_the_number_in_a_dial_string_is_found(peer: str, number: int) -> None:
    found = interpret(of_peer(peer), Site(country="PL"))
    assert isinstance(found, Number) and found.e164 == number


@pytest.mark.parametrize("peer", ["peer:agent", "peer:", "peer:trunk/a/48600100200", "peer:48600100200;x/1@trunk"])
def test_what_is_no_number_is_not_taken_for_another(peer: str) -> None:
    found = interpret(of_peer(peer), Site(country="PL"))
    assert not isinstance(found, Number) or found.e164 == 48600100200
