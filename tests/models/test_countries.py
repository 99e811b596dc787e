"""The rule sets: each number in them has a source; what they say is what the program does."""

from pathlib import Path

import pytest
import yaml
from phonenumbers import geocoder, parse

from models.countries import country, known, read
from models.errors import CampaignError
from models.hours import written

FILES = sorted((Path(__file__).parents[2] / "models/countries").glob("*.yaml"))


def test_the_seven_first_countries_have_a_rule_set():
    assert {"PL", "DE", "GB", "US", "CA", "AU", "RU"} <= set(known())
    assert country("FR") is None


def parts(raw, path=()):
    """Every mapping that holds a number, a time or a word of law, by its place."""
    for key, value in raw.items():
        here = (*path, key)
        if isinstance(value, dict) and key != "regions" and path[-1:] != ("regions",):
            yield here, value
        elif isinstance(value, dict):
            yield from parts(value, here)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    yield here, one


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_statement_has_its_source_or_is_marked(path):
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert raw["as_of"] and raw["name"]
    found = dict(parts(raw))
    assert found
    for place, part in found.items():
        assert part.get("source"), place
        assert part.get("verified") in (True, False), place
    assert "No legal advice" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("missing", ["source", "verified"])
def test_a_statement_without_source_is_refused(tmp_path, missing):
    raw = yaml.safe_load(next(path for path in FILES if path.stem == "US").read_text(encoding="utf-8"))
    del raw["hours"][missing]
    (tmp_path / "US.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(CampaignError, match="source"):
        read(tmp_path / "US.yaml")


def test_an_operators_own_file_goes_before_ours(tmp_path):
    (tmp_path / "PL.yaml").write_text("name: Poland\nas_of: 2027-01-01\n")
    assert country("PL", tmp_path).consent == ()
    assert country("PL").consent == ("consent", "existing-customer")


def test_area_codes_name_the_region_that_the_library_names():
    florida = country("US").regions["FL"]
    for code in florida.area_codes:
        described = geocoder.description_for_number(parse(f"+{code}2345678"), "en")
        assert described.endswith("FL") or described == "Florida", code
        assert country("US").region_of(int(f"{code}2345678")) == "FL"
    assert country("US").region_of(12125551234) == ""


def test_a_region_puts_its_hours_in_place_and_adds_its_caps():
    usa = country("US")
    assert written(usa.windows)["mon-sun"] == "08:00-21:00"
    assert written(usa.in_region("FL").windows)["mon-sun"] == "08:00-20:00"
    assert [cap.limit for cap in usa.in_region("FL").caps] == [3]
    assert usa.in_region("TX") == usa
