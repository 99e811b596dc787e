"""What a campaign asks of an allowed call: always the same number for a person, and nothing that breaks a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.campaign import campaign_of, data_of
from models.demands import demands_of, mistakes_in, shown

NUMBER = 48_600_100_200


@pytest.mark.parametrize(
    ("caller_id", "possible"),
    [
        ("+48221000001", {"+48221000001"}),
        ("48221000001, 48221000002", {"48221000001", "48221000002"}),
        ("0221000008-0221000011", {f"02210000{last:02}" for last in range(8, 12)}),
        ("", {""}),
        ("the office", {""}),
        ("100-99", {""}),
        ("1000-20000", {""}),
        ("10000000-99999999", {""}),
    ],
)
def test_the_number_is_one_of_the_series_and_each_comes(caller_id: str, possible: set[str]) -> None:
    assert {shown(caller_id, NUMBER + one) for one in range(200)} == possible
    assert shown(caller_id, NUMBER) == shown(caller_id, NUMBER)


def test_all_that_is_asked_is_in_one_value() -> None:
    asked = {"caller_id": "48221", "opt_out": {"after": "operator"}}
    prompts = {
        "folder": "custom/spring/",
        "to-a-person": "custom/now",
        "hello": "custom/hello",
        "opt-out-failed": "a!b",
    }
    found = demands_of(campaign_of({"name": "c", **asked, "prompts": prompts}), NUMBER)
    assert found == "48221!operator!custom/spring!&to-a-person=custom/now&"
    assert demands_of(campaign_of({"name": "c"}), NUMBER) == ""
    keys = {"opt_out": {"digits": {"7": "all", "*": "campaign", "9": "all"}}}
    assert demands_of(campaign_of({"name": "c", **keys}), NUMBER) == "!!!!concierge-7#concierge-star#concierge-9"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_was_stored_stays_four_parts_of_harmless_letters(caller_id: str, folder: str, file: str) -> None:
    one = campaign_of({"name": "c", "prompts": {"folder": folder, "to-a-person": file}})
    found = demands_of(one, NUMBER)
    assert found == "" or found.count("!") == 3
    assert not set(found + shown(caller_id, NUMBER)) & set('",;\n\r${}[]()| ')


def test_what_would_be_passed_over_is_said_where_it_is_written() -> None:
    wrong = {"caller_id": "office 48221-48229 10000000-99999999", "prompts": {"hello": "x", "folder": "../no"}}
    found = list(mistakes_in(campaign_of({"name": "c", **wrong})))
    assert [line.split(":")[0] for line in found] == ["caller_id", "prompts", "prompts.folder"]
    assert "90000000 numbers" in next(mistakes_in(campaign_of({"name": "c", "caller_id": "10000000-99999999"})))


def test_what_follows_an_opt_out_is_the_sites_unless_the_campaign_says_it() -> None:
    assert campaign_of({"name": "c", "opt_out": {"digits": {"9": "all"}}}).opt_out.after == ""
    for after in ("hangup", "operator", "continue"):
        one = campaign_of({"name": "c", "opt_out": {"after": after}})
        assert data_of(one)["opt_out"] == {"after": after}
