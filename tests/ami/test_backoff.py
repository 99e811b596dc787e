"""Waits: soon after a loss, seldom after a refusal."""

from hypothesis import given
from hypothesis import strategies as st

from ami.backoff import Backoff, Pace, delay

PACE = Pace()


def test_losses_double_from_one_second_to_a_minute():
    backoff = Backoff(PACE)
    assert [backoff.after_loss(0, 0.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_link_that_stood_starts_the_series_again():
    backoff = Backoff(PACE)
    for _ in range(5):
        backoff.after_loss(0, 0.0)
    assert backoff.after_loss(PACE.stable_after - 0.1, 0.0) == 32
    assert backoff.after_loss(PACE.stable_after, 0.0) == 1


def test_a_refused_login_waits_a_minute_and_more():
    backoff = Backoff(PACE)
    assert [backoff.after_refusal(0.0) for _ in range(5)] == [60, 120, 240, 300, 300]
    assert backoff.after_loss(0, 0.0) == 1
    assert backoff.after_refusal(0.0) == 60


def test_no_more_than_nine_refused_logins_in_any_ten_minutes():
    """fail2ban's rule for Asterisk bans after ten."""
    backoff = Backoff(PACE)
    logins = [0.0]
    while logins[-1] < 3600:
        logins.append(logins[-1] + backoff.after_refusal(0.0))
    assert max(sum(at <= other < at + 600 for other in logins) for at in logins) <= 4


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_jitter_adds_at_most_a_quarter(failures, roll):
    wait = delay(1.0, 60.0, failures, roll)
    assert 1.0 <= wait <= 75.0
    assert delay(1.0, 60.0, failures, 0.0) <= wait
