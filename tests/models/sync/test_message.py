"""What travels: exactly the row, in ASCII; what cannot be read is an error that names it."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rows import event_row
from models.suppression import Kind
from models.sync.message import VERSION, ImportNews, Message, Unreadable, of_event, of_import, to_event, to_import

IMPORT = {
    "id": "x",
    "content": "c",
    "name": "n",
    "format": "csv",
    "actor": "me",
    "at": 1,
    "listings": 2,
    "refused": 3,
    "undone_at": 4,
    "undone_by": "you",
    "site": "",
}


@pytest.fixture
def row(make):
    event = make.event(reason="zażółć \0 \U0001f600", evidence={"a": "ü"}, removes=(uuid4(),), kind=Kind.REMOVE)
    return event_row(replace(event, expires_at=make.NOW + timedelta(days=1), last=make.PERSON + 9), 7) | {"site": ""}


def test_an_event_arrives_as_it_was_with_the_name_of_its_host(row):
    message = of_event(row, "warsaw")
    assert message.body.isascii()
    assert (message.site, message.kind, message.number, message.recorded_at) == ("warsaw", "remove", row["number"], 7)
    assert to_event(message) == row | {"site": "warsaw"}
    assert of_event(to_event(message), "other") == message


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_any_text_arrives(text):
    message = of_import(IMPORT | {"name": text}, ImportNews.BEGIN, "a")
    assert message.body.isascii()
    assert to_import(message)["name"] == text


def test_the_same_news_of_an_import_has_the_same_id_whoever_tells_it():
    ids = [of_import(IMPORT | {"site": site}, news, "a").event_id for news in ImportNews for site in ("", "b")]
    assert len(set(ids)) == 3
    assert of_import(IMPORT, ImportNews.UNDONE, "a").recorded_at == 4
    assert to_import(of_import(IMPORT, ImportNews.UNDONE, "a"))["undone_by"] == "you"


@pytest.mark.parametrize(
    "change",
    [
        {"number": "48"},
        {"number": None},
        {"number": True},
        {"at": 10**30},
        {"expires_at": "x"},
        {"evidence": "["},
        {"evidence": "[]"},
        {"removes": '["x"]'},
        {"removes": "{}x"},
        {"reason": None},
        {"campaign": 1},
    ],
)
def test_what_this_program_never_wrote_is_refused_and_named(row, change):
    message = of_event(row, "a")
    broken = replace(message, body=json.dumps(json.loads(message.body) | change))
    with pytest.raises(Unreadable, match=message.event_id):
        to_event(broken)


@pytest.mark.parametrize("change", [{"body": "{"}, {"body": "[]"}, {"kind": "other"}, {"event_id": "x"}])
def test_so_is_a_body_or_a_kind_of_another_program(row, change):
    with pytest.raises(Unreadable):
        to_event(replace(of_event(row, "a"), **change))


def test_a_later_version_says_what_to_do(row):
    with pytest.raises(Unreadable, match="upgrade Concierge on this host"):
        to_event(replace(of_event(row, "a"), version=VERSION + 1))


def test_an_import_without_its_numbers_is_refused():
    message = of_import(IMPORT, ImportNews.DONE, "a")
    with pytest.raises(Unreadable, match="listings"):
        to_import(replace(message, body=json.dumps(json.loads(message.body) | {"listings": "2"})))
    assert isinstance(message, Message)
