"""Many questions at once get the answers that each gets alone."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bulk import Bulk, Known, _merged, canonical, reading
from models.contact import Question
from models.gate import Judge
from models.number import Number, Site, interpret
from models.policy import Rules
from models.registry.blocks import builder
from models.registry.file import Header
from models.registry.folder import add
from models.registry.watch import Registries
from models.suppression import Kind

BASE = 48600100000
HEADS = st.sampled_from(
    ["+48", "+1", "+44", "+49", "+39", "+7", "+52", "+54", "+358", "+800", "+888", "+0", "+", "48", ""]
)


@settings(max_examples=1500, deadline=None)
@given(HEADS, st.text("0123456789", max_size=14))
def test_a_number_that_stands_for_itself_is_what_interpret_says(head, digits):
    text = head + digits
    if canonical(text[:4]).fullmatch(text):
        found = interpret(text, Site(country="PL"))
        assert isinstance(found, Number)
        assert (found.e164, found.also, found.extension) == (int(text), (), "")


@pytest.mark.parametrize("text", ["+48600100200", "+12125551234", "+442073787244", "+4930123456"])
def test_plain_numbers_need_no_slow_reading(text):
    assert canonical(text[:4]).fullmatch(text)
    assert reading(Site(country="DE"))([text]) == [int(text)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair)))))
def test_merged_ranges_hold_the_same_numbers(ranges):
    firsts, lasts = _merged(ranges)
    held = {one for first, last in zip(firsts, lasts, strict=True) for one in range(first, last + 1)}
    assert held == {one for first, last in ranges for one in range(first, last + 1)}
    assert all(last < first for last, first in zip(lasts, firsts[1:], strict=False))


@pytest.fixture
def filled(store, make, tmp_path):
    """Every kind of entry, a registry that is current and one that is not."""
    record = lambda number, **more: store.record(make.event(BASE + number, **more))  # noqa: E731
    record(1)
    record(2, campaign="spring")
    record(3, expires_at=make.NOW - timedelta(seconds=1))
    record(4)
    record(4, kind=Kind.REMOVE)
    record(10, last=BASE + 19)
    record(15, allow=True)
    store.record(make.event(4812345678))  # in no plan
    folder = tmp_path / "registries"
    for name, country, as_of in (("us", "US", make.NOW.date()), ("gb", "GB", make.NOW.date() - timedelta(days=99))):
        numbers = builder()
        numbers.add([12125551234, 442073787244])
        add(folder, Header(name, "ftc", country, as_of, make.NOW, "t"), numbers)
    return folder


TEXTS = [
    *(f"+{BASE + n}" for n in range(25)),
    *(str(BASE + n)[2:] for n in range(25)),
    *("+12125551234", "+12125551235", "212 555 1234", "+442073787244", "+442073787245", "112", "abc", "", "2001"),
    *(
        f"+{BASE + 1}5",
        f"{BASE + 1}",
        "0048600100001",
        "600-100-001",
        "+48 600 100 001 wew. 5",
        "+48123456789",
        "191919",
    ),
    *("+48600100001, +48600100005", "+481234567890", "+4812345678", "+48600100001000", "anonymous"),
]


@pytest.mark.parametrize("campaign", ["", "spring", "SPRING", "autumn"])
@pytest.mark.parametrize("rules", [Rules(), Rules(refuse_stale=False)])
def test_the_answers_are_the_judges(filled, store, reader, make, campaign, rules):
    registries = Registries(filled)
    site = Site(country="PL", internal=("_2XXX",))
    judge = Judge(reader, site, rules, lambda: make.NOW, registries)
    bulk = Bulk(judge, Known(store), registries, campaign, make.NOW)
    answers = bulk.answers(TEXTS)
    for text, answer in zip(TEXTS, answers, strict=True):
        alone = judge.answer(Question(text, campaign), make.NOW).decision
        assert (answer is None or answer.decision.allowed) is alone.allowed, text
        if answer is not None:
            assert answer.decision == alone, text
    assert None in answers
    assert sum(answer is not None and not answer.decision.allowed for answer in answers) > 20


def test_a_campaign_that_is_needed_and_missing_is_known_before_anything_is_asked(store, reader, make, tmp_path):
    judge = Judge(reader, make.site, Rules(require_campaign=True))
    registries = Registries(tmp_path)
    assert not Bulk(judge, Known(store), registries, "", make.NOW).standing().allowed
    assert Bulk(judge, Known(store), registries, "spring", make.NOW).standing().allowed


def test_a_list_that_is_too_old_stops_all_before_anything_is_asked(store, reader, make, tmp_path):
    class Old:
        def stale(self):
            return "no word from the other sites for an hour"

    registries = Registries(tmp_path)
    judge = Judge(reader, make.site, freshness=Old())
    standing = Bulk(judge, Known(store), registries, "", make.NOW).standing()
    assert (standing.allowed, standing.detail) == (False, "no word from the other sites for an hour")
