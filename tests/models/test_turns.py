"""What is urgent goes first; the rest is not starved by it."""

import threading

import pytest

from models.turns import MOST_URGENT, Turns


@pytest.fixture
def held():
    """Turns whose thread is busy until `go` is set, and the list of what it has done."""
    turns, go, done = Turns("test"), threading.Event(), []
    turns.submit(lambda: go.wait(5))
    yield turns, go, done
    go.set()
    turns.shutdown()


def test_what_is_urgent_goes_before_what_has_waited_longer(held):
    turns, go, done = held
    ends = [turns.submit(lambda one=one: done.append(one)) for one in range(3)]
    ends += [turns.submit(lambda: done.append("key"), urgent=True)]
    go.set()
    for end in ends:
        end.result(5)
    assert done == ["key", 0, 1, 2]


def test_a_flood_of_what_is_urgent_lets_the_rest_through(held):
    turns, go, done = held
    ends = [turns.submit(lambda: done.append("other"))]
    ends += [turns.submit(lambda: done.append("key"), urgent=True) for _ in range(3 * MOST_URGENT)]
    go.set()
    for end in ends:
        end.result(5)
    assert done.index("other") == MOST_URGENT


def test_an_exception_is_the_callers_and_what_was_given_up_is_not_done(held):
    turns, go, done = held
    broken = turns.submit(lambda: 1 // 0)
    given_up = turns.submit(lambda: done.append("given up"))
    assert given_up.cancel()
    go.set()
    with pytest.raises(ZeroDivisionError):
        broken.result(5)
    assert turns.submit(lambda: "on").result(5) == "on"
    assert done == []
