"""How old a list is: told by the time of a file, to every process."""

import os
import socket
import time

import pytest

from models.sync.contact import Age, Contact, contact_file
from models.sync.watchdog import Watchdog


@pytest.fixture
def contact(tmp_path):
    return Contact(tmp_path / "x.db", "a", "postgresql://db/concierge")


def aged(tmp_path, seconds):
    at = time.time() - seconds
    os.utime(contact_file(tmp_path / "x.db"), (at, at))
    return Age(tmp_path / "x.db", 60.0)


def test_never_is_stale(tmp_path):
    age = Age(tmp_path / "x.db", 60.0)
    assert age.seconds() is None
    assert "no contact with the other sites yet" in age.stale()
    assert age.facts() == {}


def test_a_contact_holds_until_its_age_is_over(contact, tmp_path):
    contact.made()
    assert aged(tmp_path, 0).stale() == ""
    assert aged(tmp_path, 50).stale() == ""
    assert "for 70 s, 60 at most" in aged(tmp_path, 70).stale()


def test_a_contact_in_the_future_is_none(contact, tmp_path):
    contact.made()
    assert "clock set back" in aged(tmp_path, -600).stale()


def test_trouble_is_told_and_makes_nothing_younger(contact, tmp_path):
    contact.made()
    age = aged(tmp_path, 70)
    contact.failed("no answer within 1 s")
    assert age.stale()
    assert age.facts()["trouble"] == "no answer within 1 s"
    contact.made()
    assert (age.stale(), age.facts()["trouble"]) == ("", "")
    contact.made()
    assert age.stale() == ""


def test_trouble_before_the_first_contact_is_no_contact(contact, tmp_path):
    contact.failed("nobody there")
    age = Age(tmp_path / "x.db", 60.0)
    assert (age.seconds(), age.facts()["trouble"]) == (None, "nobody there")
    assert age.stale()


def test_a_file_that_was_removed_is_written_again(contact, tmp_path):
    contact.made()
    contact_file(tmp_path / "x.db").unlink()
    contact.made()
    assert Age(tmp_path / "x.db", 60.0).stale() == ""


def test_what_takes_too_long_is_ended_and_what_does_not_is_not():
    ours, theirs = socket.socketpair()
    watchdog = Watchdog(ours.fileno())
    with watchdog.limit(5.0):
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
    assert not watchdog.fired
    with watchdog.limit(0.05):
        assert ours.recv(1) == b""  # would wait for ever
    assert watchdog.fired
    watchdog.close()
    ours.close()
    theirs.close()
