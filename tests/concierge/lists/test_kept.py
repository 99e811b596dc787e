"""The rows of an import come back by number, those of one number in the order of the file."""

from hypothesis import given
from hypothesis import strategies as st

from concierge.lists import kept
from concierge.lists.kept import Kept

ROWS = st.lists(st.lists(st.integers(1, 12), max_size=30), max_size=12)


@given(ROWS, st.integers(1, 9), st.integers(1, 4))
def test_all_rows_come_back_sorted_and_equal_ones_in_their_order(some, run, piece):
    lines = iter(range(10_000))
    rows = [[(number, next(lines)) for number in part] for part in some]
    old = kept._RUN, kept._PIECE
    kept._RUN, kept._PIECE = run, piece
    try:
        with Kept() as keeping:
            for part in rows:
                keeping.add(list(part))
            found = list(keeping.rows())
    finally:
        kept._RUN, kept._PIECE = old
    assert found == sorted((row for part in rows for row in part), key=lambda row: row[0])


def test_many_rows_of_one_number_are_in_memory_piece_by_piece():
    def pieces(number, first):
        for at in range(first, first + 100):
            yield [(number, at)]

    found = [*kept.merged([pieces(7, 0), pieces(7, 100), iter([[(3, -1), (9, 300)]])])]
    assert [row for some in found for row in some] == [(3, -1), *((7, at) for at in range(200)), (9, 300)]
    assert max(map(len, found)) == 1
