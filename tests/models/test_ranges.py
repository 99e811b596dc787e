"""The ranges that hold a number are found without looking at all of them, and none is missed."""

from hypothesis import given
from hypothesis import strategies as st

from models.ranges import Ranges

SMALL = st.tuples(st.integers(1, 400), st.integers(0, 150)).map(lambda one: (one[0], one[0] + one[1]))
WIDE = st.tuples(st.integers(10**7, 10**15 - 1), st.integers(0, 10**10)).map(lambda one: (one[0], one[0] + one[1]))


@given(st.lists(SMALL, max_size=60))
def test_each_number_has_the_ranges_that_hold_it(ranges):
    found = Ranges(ranges)
    assert len(found) == len(set(ranges))
    for number in range(1, 560):
        assert sorted(found.holding(number)) == sorted({one for one in ranges if one[0] <= number <= one[1]})


@given(st.lists(WIDE, max_size=20), st.data())
def test_the_ends_of_wide_ranges_are_in_them_and_their_neighbours_are_not(ranges, data):
    found = Ranges(ranges)
    for first, last in ranges:
        for number in (first - 1, first, data.draw(st.integers(first, last)), last, last + 1):
            assert sorted(found.holding(number)) == sorted({one for one in ranges if one[0] <= number <= one[1]})


def test_of_a_hundred_thousand_neighbours_few_are_looked_at(monkeypatch):
    found = Ranges((first, first + 999) for first in range(48_600_000_000, 48_700_000_000, 1000))
    looked = []

    class Seen(list):
        def __getitem__(self, at):
            looked.append(at)
            return super().__getitem__(at)

    found.by_width = {width: Seen(ranges) for width, ranges in found.by_width.items()}
    assert found.holding(48_650_000_500) == [(48_650_000_000, 48_650_000_999)]
    assert len(looked) < 40  # of which 17 to find the place
