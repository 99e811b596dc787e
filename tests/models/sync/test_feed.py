"""The shared feed: positions in the order of commits, each event once, another past noticed."""

import threading
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text, update

from models.errors import FeedError
from models.sync.feed import Position, broken_links, last_position, pull, push, unknown
from models.sync.link import Access, Doubled, Link
from models.sync.message import Message
from models.tables import SCHEMA, feed_counter, feed_event


def message(number=48601234567, **more):
    return Message(**{"event_id": str(uuid4()), "site": "a", "kind": "add", "recorded_at": 1, "body": "{}"} | more)


@pytest.fixture
def link(access):
    link = Link(access)
    yield link
    link.close()


def everything(link, after=Position()):  # noqa: B008 - immutable
    with link.transaction() as feed:
        return pull(feed, after, 1000)


def test_what_is_pushed_is_pulled_in_order_and_once(link):
    some = [message(body='{"text": "za\\u017c\\u00f3\\u0142\\u0107 \\u0000"}'), message(), message(number=None)]
    with link.transaction() as feed:
        assert push(feed, some, new=True) == 3
    with link.transaction() as feed:
        assert push(feed, [some[1], new := message(), new]) == 1
    with pytest.raises(Doubled), link.transaction() as feed:
        push(feed, [message(), some[0]], new=True)
    with link.transaction() as feed:
        assert unknown(feed, [new.event_id, "x"]) == ["x"]
    page = everything(link)
    assert page.messages == [*some, new]
    assert (page.position.number, page.full) == (4, False)
    with link.transaction() as feed:
        assert last_position(feed) == 4
        assert pull(feed, page.position, 10).messages == ()
        first = pull(feed, Position(), 2)
        assert (first.messages, first.full) == (some[:2], True)
        assert pull(feed, first.position, 2).messages == [some[2], new]


def test_a_connection_that_is_lost_within_a_transaction_says_why(access):
    """And not that something must be rolled back first."""
    link = Link(replace(access, timeout=0.3))
    with pytest.raises(FeedError, match=r"no answer within 0\.3 s"), link.transaction() as feed:
        feed.execute(text("SELECT 1"))
        time.sleep(0.5)
        feed.execute(text("SELECT 1"))
    link.close()


def test_what_is_not_committed_leaves_neither_row_nor_position(link):
    with pytest.raises(ZeroDivisionError), link.transaction() as feed:
        push(feed, [message()])
        raise ZeroDivisionError
    assert everything(link).messages == ()
    with link.transaction() as feed:
        assert last_position(feed) == 0


def test_another_past_is_noticed(link):
    with link.transaction() as feed:
        push(feed, [message() for _ in range(3)])
    reached = everything(link).position
    with link.transaction() as feed:
        before = pull(feed, Position(), 2).position
        feed.execute(delete(feed_event).where(feed_event.c.position == 3))
        feed.execute(update(feed_counter).values(last=before.number, chain=before.chain))
    assert everything(link, reached).other_past
    assert not everything(link, before).other_past
    with link.transaction() as feed:
        push(feed, [message()])
    assert everything(link, reached).other_past
    with link.transaction() as feed:
        push(feed, [message() for _ in range(5)])
    assert everything(link, reached).other_past


def test_a_hole_and_a_lost_counter_are_errors(link):
    with link.transaction() as feed:
        push(feed, [message() for _ in range(3)])
        feed.execute(delete(feed_event).where(feed_event.c.position == 2))
    with pytest.raises(FeedError, match="a hole after position 0"):
        everything(link)
    with link.transaction() as feed:
        feed.execute(delete(feed_counter))
    with pytest.raises(FeedError, match="lost its counter"), link.transaction() as feed:
        push(feed, [message()])
    with link.transaction() as feed:
        feed.execute(text("INSERT INTO feed_counter (id, last, chain) VALUES (1, 0, '')"))


def test_a_row_that_was_changed_is_found(link):
    with link.transaction() as feed:
        push(feed, [message() for _ in range(3)])
        feed.execute(update(feed_event).where(feed_event.c.position == 2).values(body='{"other": 1}'))
        rows = feed.execute(select(feed_event).order_by(feed_event.c.position)).all()
    assert broken_links(rows, Position()) == [2]


def test_six_writers_and_a_reader_that_keeps_its_position_miss_nothing(access):
    """Taken from a sequence, positions would be visible in another order than they were given in."""
    each, writers = 40, 6

    def write():
        link = Link(Access(access.url, 10.0))
        for _ in range(each):
            with link.transaction() as feed:
                push(feed, [message()])
        link.close()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    reader = Link(access)
    for thread in threads:
        thread.start()
    seen, position = [], Position()
    while True:
        over = not any(thread.is_alive() for thread in threads)
        page = everything(reader, position)
        assert not page.other_past
        seen += page.messages
        position = page.position
        if over and not page.messages:
            break
    for thread in threads:
        thread.join()
    reader.close()
    assert len({one.event_id for one in seen}) == len(seen) == each * writers


def test_a_database_without_a_feed_says_what_to_do(access, link):
    with link.transaction() as feed:
        feed.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    try:
        with pytest.raises(FeedError, match="revision 0002; run `concierge db upgrade --feed`"):
            Link(access)
    finally:
        with link.transaction() as feed:
            feed.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": SCHEMA})


def test_nobody_there_is_an_error_without_the_password(access):
    url = access.url.set(port=1, password="secret-word")
    with pytest.raises(FeedError) as caught:
        Link(Access(url))
    assert "127.0.0.1" in str(caught.value)
    assert "secret-word" not in str(caught.value)
