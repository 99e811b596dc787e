"""PURE: as many as the burst at once, then as many as the rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web.bucket import Bucket


def test_the_burst_then_the_rate():
    bucket = Bucket(rate=2.0, burst=3, now=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert bucket.take(0.25) == 0.25
    assert bucket.take(0.5) == 0.0
    assert [bucket.take(100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_clock_that_goes_back_gives_nothing():
    bucket = Bucket(rate=1.0, burst=1, now=10.0)
    assert bucket.take(10.0) == 0.0
    assert bucket.take(5.0) == 1.0


@given(st.lists(st.floats(0, 3), max_size=200), st.floats(0.1, 50), st.integers(1, 20))
def test_never_more_than_burst_and_rate_allow(pauses, rate, burst):
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now) == 0.0
        assert taken <= burst + rate * now + 1e-6
