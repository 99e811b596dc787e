"""A campaign from data and back; every mistake is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.campaign import BASES, PRESETS, campaign_of, data_of, day_of
from models.errors import CampaignError

WHOLE = {
    "name": "spring",
    "purpose": "cards",
    "reason": "new-model",
    "product": "gold card",
    "value": "high",
    "basis": "existing-customer",
    "consent": "required",
    "country": "PL",
    "caller_id": "+4822",
    "windows": {"mon-fri": "09:00-20:00", "sat": "10:00-14:00"},
    "holidays": "refuse",
    "days": ["birthday", "01-01"],
    "caps": [{"key": "number", "kind": "attempt", "window": "24h", "limit": 3, "scope": "campaign"}],
    "presets": ["reg-f"],
    "owner": True,
    "source": True,
    "opt_out": {"digits": {"9": "all", "8": "campaign"}, "after": "operator"},
    "prompts": {"hello": "custom/hello"},
    "state": "paused",
}


def test_all_keys_are_read_and_written_again():
    found = campaign_of(WHOLE)
    assert data_of(found) == WHOLE
    assert campaign_of(data_of(found)) == found
    assert [cap.limit for cap in found.all_caps] == [3, 7, 1]


def test_a_name_alone_is_a_campaign():
    assert data_of(campaign_of({"name": "x"})) == {"name": "x"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "a b"}, "name: 'a b': letters"),
        ({"name": None}, "name"),
        ({"porpose": "x"}, "porpose: unknown key; did you mean `purpose`?"),
        ({"basis": "friend"}, "basis: 'friend' is none of"),
        ({"consent": "maybe"}, "consent"),
        ({"country": "Poland"}, "country"),
        ({"country": False}, "country: write NO as"),
        ({"windows": {"mon": "9-17"}}, "windows: '9-17'"),
        ({"windows": "always"}, "windows: expected keys and values"),
        ({"holidays": "no"}, "holidays"),
        ({"days": ["13-01"]}, "days: '13-01'"),
        ({"days": "birthday"}, "days: expected a list"),
        ({"caps": [{"limit": 0}]}, r"caps\[0\]: limit: 0"),
        ({"caps": ["three"]}, r"caps\[0\]: expected keys"),
        ({"presets": ["reg-g"]}, "presets: 'reg-g' is none of"),
        ({"owner": "yes"}, "owner: expected true or false"),
        ({"opt_out": {"digits": {"99": "all"}}}, "opt_out.digits: '99'"),
        ({"opt_out": {"digits": {"9": "product"}}}, "opt_out.digits: '9': 'product'"),
        ({"opt_out": {"then": "hangup"}}, "opt_out.then: unknown key"),
        ({"opt_out": {"after": "music"}}, "opt_out.after"),
        ({"reason": "a\nb"}, "reason: expected one line"),
        ({"purpose": 7}, "purpose: expected one line"),
    ],
)
def test_a_mistake_is_named_with_its_key(change, why):
    with pytest.raises(CampaignError, match=why):
        campaign_of(WHOLE | change)


def test_all_mistakes_are_named_at_once():
    with pytest.raises(CampaignError) as caught:
        campaign_of(WHOLE | {"basis": "x", "country": "x", "caps": [{"limit": 0}, {"kind": "x"}]})
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize("raw", [None, [], "x", 7])
def test_what_is_no_table_is_refused(raw):
    with pytest.raises(CampaignError, match="table of keys"):
        campaign_of(raw)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(WHOLE)), anything)
def test_whatever_stands_there_it_is_read_or_a_mistake(key, value):
    try:
        found = campaign_of(WHOLE | {key: value})
    except CampaignError as error:
        assert str(error).startswith("campaign ")
    else:
        assert campaign_of(data_of(found)) == found


@pytest.mark.parametrize(
    ("text", "day"), [("05-17", (5, 17)), ("1980-05-17", (5, 17)), ("02-29", (2, 29)), ("02-30", None), ("x", None)]
)
def test_a_day_of_the_year(text, day):
    assert day_of(text) == day


def test_presets_and_bases_are_there():
    assert {"reg-f", "florida", "uk-abandoned", "rest"} <= set(PRESETS)
    assert "emergency" in BASES


def test_a_campaign_that_is_closed_all_week_stays_closed_when_it_is_written_and_read():
    found = campaign_of({"name": "spring", "windows": {"mon-sun": "closed"}})
    assert data_of(found)["windows"] == {"mon-sun": "closed"}
    assert campaign_of(data_of(found)).windows == found.windows == ((),) * 7
    assert campaign_of({"name": "spring", "windows": {}}).windows == ((),) * 7  # no day is named


@pytest.mark.parametrize("key", ["windows", "days", "caps", "presets", "opt_out", "prompts"])
@pytest.mark.parametrize("value", [False, 0, ""])
def test_what_is_no_table_and_no_list_is_not_taken_for_nothing(key, value):
    with pytest.raises(CampaignError, match=f"{key}: expected"):
        campaign_of({"name": "spring", key: value})


@pytest.mark.parametrize("cap", [{"exclude": True}, {"exclude": [None]}, {1: 2, "zz": 3}, {"window": "999999y"}])
def test_a_mistake_in_a_cap_is_named(cap):
    with pytest.raises(CampaignError, match=r"caps\[0\]: "):
        campaign_of({"name": "spring", "caps": [cap]})


def test_a_campaign_that_a_cap_leaves_out_is_named_in_any_case_and_may_be_a_number():
    found = campaign_of({"name": "spring", "caps": [{"exclude": ["Winter", 2024]}, {"exclude": None}]})
    assert [cap.exclude for cap in found.caps] == [("Winter", "2024"), ()]
