"""The quick reading of plain numbers says what `interpret` says, or nothing."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.number import Number, Site, interpret
from models.number.quick import holds, quick

COUNTRIES = ["PL", "US", "CA", "DE", "GB", "IT", "ES", "CZ", "UA", "AT", "SE", "NL", "IN", "ZA", "BR", "MX", "AR", "RU"]
CODES = [1, 7, 27, 31, 33, 34, 36, 39, 43, 44, 46, 48, 49, 52, 54, 55, 61, 91, 351, 358, 380, 599, 800, 888]


def national(country: str) -> str:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.national_significant_number(example)


@st.composite
def dialled(draw: st.DrawFn) -> tuple[str, str]:
    country = draw(st.sampled_from(COUNTRIES))
    code = str(phonenumbers.country_code_for_region(country))
    head = draw(st.sampled_from(["", code, "+" + code, "0", "00" + code, "011", "8", "1", code + "0", "9", "+"]))
    kept = draw(st.integers(2, 10))
    tail = draw(st.text("0123456789 -", max_size=8))
    return country, head + national(country)[:kept] + tail


@settings(max_examples=1500, deadline=None)
@given(dialled())
def test_what_is_said_quickly_is_what_is_said_slowly(given):
    country, text = given
    found = quick(Site(country=country))(text)
    if found is not None:
        slow = interpret(text, Site(country=country))
        assert isinstance(slow, Number)
        assert (slow.e164, slow.also, slow.extension, slow.valid) == (found, (), "", True)


# how spreadsheets, people and exchanges write numbers that are not plain; {} is the number
HABITS = (
    *("{}", "\ufeff{}", "\u00a0{}", "{}\u202c", "'{}", "{}.0", "{}E+10", "{}e3", "{} wew. 12", "{} ext 3", "{}x5"),
    *("{}/{}", "{},{}", "{} {}", "{};{}", '="{}"', "({})", "{}#", "*31#{}", "tel:{}", "sip:{}@host", "{}p1", "{},,1"),
    *("00{}", "0{}", "+{}", "++{}", "+00{}", "-{}", "{}-", " {} ", "{}\n", "1{}", "112{}", "9{}", "\uff0b{}"),
)
EVERYWHERE = sorted(phonenumbers.SUPPORTED_REGIONS)
OUTSIDE = ("0", "9", "00", "8", "48")
INTERNAL = ((), ("_60XXXXXXX",), ("_NXXXXXXX", "100"), ("_[1-5]XXXXXXXXX", "_2XXX"))


@st.composite
def written(draw: st.DrawFn) -> tuple[Site, str]:
    """Any country's numbers, somewhat wrong, at any country's site."""
    country, other = draw(st.sampled_from(EVERYWHERE)), draw(st.sampled_from(EVERYWHERE))
    found = phonenumbers.example_number(draw(st.sampled_from([country, other])))
    inside = phonenumbers.national_significant_number(found)
    kept, tail = draw(st.integers(3, 12)), draw(st.text("0123456789٣ -()", max_size=5))
    code = draw(st.sampled_from(["", str(found.country_code), f"+{found.country_code}", f"+{found.country_code} "]))
    habit = draw(st.sampled_from(("{}", HABITS[draw(st.integers(0, len(HABITS) - 1))])))
    text = habit.replace("{}", code + inside[:kept] + tail)
    outside = draw(st.sampled_from(["", *OUTSIDE, text[:1] if text[:1].isdecimal() and text[:1].isascii() else "5"]))
    return Site(country=country, outside_line=outside, internal=draw(st.sampled_from(INTERNAL))), text


@settings(max_examples=500, deadline=None)
@given(written())
def test_what_is_said_quickly_is_what_is_said_slowly_wherever_and_however_it_is_written(given):
    site, text = given
    found = quick(site)(text)
    if found is not None:
        slow = interpret(text, site)
        assert isinstance(slow, Number)
        assert (slow.e164, slow.also, slow.extension, slow.valid) == (found, (), "", True)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_any_text_at_all(text):
    found, slow = quick(Site(country="PL"))(text), interpret(text, Site(country="PL"))
    assert found is None or (isinstance(slow, Number) and slow.e164 == found and slow.valid)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(CODES), st.integers(1, 10**11))
def test_valid_is_what_phonenumbers_calls_valid(code, number):
    geographic = code not in (800, 888)
    known = phonenumbers.PhoneNumber(country_code=code, national_number=number)
    assert holds(code, str(number)) is (geographic and phonenumbers.is_valid_number(known))


@pytest.mark.parametrize(
    ("site", "text"),
    [
        (Site(country="PL", outside_line="6"), "600100200"),
        (Site(country="PL", outside_line="48"), "48600100200"),
        (Site(country="PL", trunk_prefix="0"), "600100200"),
        (Site(country="PL", tech_prefixes=("600",)), "600100200"),
        (Site(country="PL", internal=("_600XXXXXX",)), "600100200"),
        (Site(country="AR"), "1123456789"),
        (Site(country="PL"), "0600100200"),
        (Site(country="PL"), "112"),
        (Site(country="PL"), "600100200 wew. 1"),
        (Site(country="PL"), "٦٠٠١٠٠٢٠٠"),
    ],
)
def test_a_site_or_text_with_more_than_one_way_to_read_is_left_to_the_slow_reading(site, text):
    assert quick(site)(text) is None


@pytest.mark.parametrize("text", ["600100200", "600 100 200", "48600100200", "+48 600-100-200", "600-100-200"])
def test_plain_numbers_are_read(text):
    assert quick(Site(country="PL"))(text) == 48600100200


@pytest.mark.parametrize("line", ["0", "9", "00", "123"])
def test_plain_numbers_that_do_not_begin_as_the_outside_line_are_read(line):
    assert quick(Site(country="PL", outside_line=line))("600100200") == 48600100200
    assert quick(Site(country="PL", outside_line=line))("600 100 200") == 48600100200


@pytest.mark.parametrize(("country", "text"), [("US", "2125551234"), ("US", "12125551234"), ("DE", "01701234567")])
def test_plain_numbers_elsewhere(country, text):
    assert quick(Site(country=country))(text) == interpret(text, Site(country=country)).e164
