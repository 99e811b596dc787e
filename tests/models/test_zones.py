"""Where a number may be: equal to the library's own slow answer."""

import random

import phonenumbers
import pytest
from phonenumbers import timezone

from models.zones import country_of, narrowed, zones_of


def of_every_kind() -> list[int]:
    """Examples of each kind in each region, and neighbours that share a random part of their digits."""
    choose, found = random.Random(7), []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                found.append(phonenumbers.format_number(example, 0)[1:])
    for _ in range(2_000):
        one = choose.choice(found)
        kept = choose.randrange(2, len(one))
        found.append(one[:kept] + "".join(choose.choices("0123456789", k=len(one) - kept)))
    return [int(one) for one in found]


def test_zones_and_country_are_the_librarys():
    compared = 0
    for number in of_every_kind():
        try:
            parsed = phonenumbers.parse(f"+{number}")
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number(parsed) or phonenumbers.format_number(parsed, 0) != f"+{number}":
            continue
        wanted = set(timezone.time_zones_for_number(parsed)) - {"Etc/Unknown"}
        assert zones_of(number) == tuple(sorted(wanted)), number
        region = phonenumbers.region_code_for_number(parsed)
        assert country_of(number) == ("" if region == "001" else region), number
        compared += 1
    assert compared > 2_000


@pytest.mark.parametrize(
    ("number", "country", "zones"),
    [
        (48600100200, "PL", ["Europe/Warsaw"]),
        (18504341234, "US", ["America/Chicago"]),
        (18502221234, "US", ["America/New_York"]),
        (14165551234, "CA", ["America/Toronto"]),
        (80012345678, "", []),
        (99912345678, "", []),
    ],
)
def test_known_places(number, country, zones):
    assert (country_of(number), list(zones_of(number))) == (country, zones)


def test_what_may_be_anywhere_has_all_zones_of_its_country():
    assert len(zones_of(18005551234)) > 30
    assert len(zones_of(79031234567)) > 10
    assert len(zones_of(61412345678)) > 5


def test_a_number_that_no_plan_holds_has_all_zones_of_its_code():
    assert len(zones_of(12)) > 30


def test_a_leads_own_zone_narrows_and_never_widens_the_hours():
    assert narrowed(("A", "B"), "") == ("A", "B")
    assert narrowed(("A", "B"), "B") == ("B",)
    assert narrowed(("A",), "C") == ("A", "C")
    assert narrowed((), "C") == ("C",)
