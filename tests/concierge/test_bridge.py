"""How numbers are written into FreePBX's blacklist, and read from it."""

import pytest

from concierge.bridge import caller_site, form_of, meaning
from concierge.settings import Settings, parse

FORMS = [
    ("PL", 48600100200, "600100200"),
    ("PL", 4930123456, "004930123456"),
    ("DE", 4930123456, "030123456"),
    ("GB", 442079460123, "02079460123"),
    ("US", 12015550123, "2015550123"),
    ("US", 48600100200, "01148600100200"),
    ("RU", 79123456789, "89123456789"),
    ("IT", 390612345678, "0612345678"),
    ("HU", 36201234567, "06201234567"),
    ("DK", 4532123456, "32123456"),
    ("CZ", 420601123456, "601123456"),
    ("FR", 33612345678, "0612345678"),
]


def settings(tmp_path, country, **freepbx) -> Settings:
    site = {"country": country, "outside_line": "9", "tech_prefixes": ["7777#"]}
    return parse({"site": site, "ami": {"user": "x"}, "freepbx": freepbx}, tmp_path / "config.yaml")


@pytest.mark.parametrize(("country", "number", "written"), FORMS)
def test_a_number_is_written_as_a_trunk_of_the_country_shows_it_and_reads_as_itself(tmp_path, country, number, written):
    found = settings(tmp_path, country)
    assert form_of(found)(number) == written
    assert meaning(caller_site(found))(written, "1").number == number


def test_other_forms_are_as_configured(tmp_path):
    assert form_of(settings(tmp_path, "PL", form="plus"))(48600100200) == "+48600100200"
    assert form_of(settings(tmp_path, "PL", form="e164"))(48600100200) == "48600100200"


def test_what_would_be_read_as_another_number_is_written_with_plus(tmp_path):
    assert form_of(settings(tmp_path, "PL"))(999123456789) == "+999123456789"


@pytest.mark.parametrize(
    ("key", "value", "why"), [("anonymous", "1", "withheld"), ("600100200", "x/Sms", "text"), ("112", "1", "emergency")]
)
def test_what_is_no_caller_is_told(tmp_path, key, value, why):
    found = meaning(caller_site(settings(tmp_path, "PL")))(key, value)
    assert found.number is None and why in found.reason


def test_yaml_off_is_off_and_other_words_are_named(tmp_path):
    from concierge.errors import SettingsError

    assert settings(tmp_path, "PL", blacklist=False).freepbx.blacklist == "off"
    for wrong in ({"blacklist": "on"}, {"form": "x"}, {"every": 0}, {"campaign": "a b"}, {"user": "x"}):
        with pytest.raises(SettingsError, match="freepbx"):
            settings(tmp_path, "PL", **wrong)
