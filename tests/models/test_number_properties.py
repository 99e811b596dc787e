"""What holds for every number and every text."""

from functools import lru_cache

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from models.number import NotANumber, Number, Site, interpret, masked
from models.number.plan import canonical
from models.number.reading import understand

# fmt: off
COUNTRIES = [
    "PL", "DE", "GB", "FR", "ES", "IT", "US", "CA", "RU", "KZ", "UA", "CZ", "SK", "NL", "BE",
    "CH", "AT", "SE", "NO", "DK", "FI", "PT", "IE", "AU", "NZ", "JP", "KR", "IN", "BR", "AR",
    "MX", "ZA", "TR", "IL", "SG", "HK", "CL", "CO", "HU", "LT", "BY", "GR", "RO",
]
# fmt: on
IDD = {"US": "011", "CA": "011", "RU": "810", "KZ": "810", "BY": "810", "AU": "0011", "JP": "010"}
IDD |= {"BR": "0015", "SG": "001", "HK": "001", "CO": "009", "KR": "001", "IL": "012", "FI": "00", "CL": "00"}
SEPARATORS = ["", " ", "-", ".", "\xa0", "\u2011", " - ", "\u202c", "("]
SITES = {country: Site(country, outside_line="9", tech_prefixes=("9999#",)) for country in COUNTRIES}


@lru_cache
def _example(country: str, kind: int) -> str:
    found = phonenumbers.example_number_for_type(country, kind)
    assert found is not None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)[1:]


@st.composite
def valid_numbers(draw: st.DrawFn, countries: list[str] = COUNTRIES) -> tuple[str, phonenumbers.PhoneNumber]:
    country = draw(st.sampled_from(countries))
    digits = _example(country, draw(st.sampled_from([0, 1])))
    tail = draw(st.text("0123456789", min_size=4, max_size=4))
    number = phonenumbers.parse(f"+{digits[:-4]}{tail}", None)
    assume(phonenumbers.is_valid_number_for_region(number, country))
    return country, number


def _forms(country: str, number: phonenumbers.PhoneNumber) -> dict[str, str]:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    idd = IDD.get(country, "00")
    written = {"plus": "+" + e164, "zeros": "00" + e164, "idd": idd + e164, "bare": e164, "national": national}
    prefixed = {f"outside {name}": "9" + text for name, text in written.items()}
    technical = {f"technical {name}": "9999#" + text for name, text in (written | prefixed).items()}
    hidden = {f"hidden {name}": "*31#" + text for name, text in written.items()}
    return written | prefixed | technical | hidden


def _scattered(text: str, separators: list[str]) -> str:
    """Separators between the digits, none inside a code such as *31#."""
    head, sign, tail = text.rpartition("#")
    pieces = [char + separators[place % len(separators)] for place, char in enumerate(tail)]
    return head + sign + "".join(pieces).rstrip("(")


@given(valid_numbers(), st.lists(st.sampled_from(SEPARATORS), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_every_written_form_gives_the_same_integer(
    chosen: tuple[str, phonenumbers.PhoneNumber], separators: list[str]
) -> None:
    country, number = chosen
    expected = interpret(phonenumbers.format_number(number, PhoneNumberFormat.E164), SITES[country])
    assert isinstance(expected, Number)
    assert expected.valid
    for name, text in _forms(country, number).items():
        found = interpret(_scattered(text, separators), SITES[country])
        assert isinstance(found, Number), (name, text, found)
        # a plan without fixed lengths may hold the digits twice: then the other reading is named
        assert expected.e164 in (found.e164, *found.also), (name, text, found)


@given(valid_numbers([country for country in COUNTRIES if country not in ("DE", "AT", "FI", "AR", "MX")]))
@settings(max_examples=200, deadline=None)
def test_the_integer_is_the_e164_number(chosen: tuple[str, phonenumbers.PhoneNumber]) -> None:
    country, number = chosen
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]
    for name in ("plus", "zeros", "idd", "bare", "national"):
        found = interpret(_forms(country, number)[name], SITES[country])
        assert found == Number(int(e164)), (name, found)


def _changed(digits: str, places: list[int], fill: str) -> str:
    cells = list(digits)
    for place, char in zip(places, fill, strict=False):
        cells[place % len(cells)] = char
    return "".join(cells).lstrip("0") or "1"


REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
international = st.one_of(
    st.integers(10**6, 10**15 - 1).map(str),
    st.builds(
        _changed,
        st.sampled_from(REGIONS).map(lambda region: _example(region, 0) if region != "TA" else "2908999"),
        st.lists(st.integers(1, 14), max_size=6),
        st.text("0123456789", min_size=6, max_size=6),
    ),
)


@given(international)
@example("480600100200")
@example("4402079460958")
@example("5215512345678")
@example("5491112345678")
@example("2710111")
@example("48112")
@example("44000000207946095")
@settings(max_examples=1500, deadline=None)
def test_the_fast_path_gives_what_the_slow_one_gives(digits: str) -> None:
    slow = understand("+" + digits, SITES["PL"])
    assert interpret("+" + digits, SITES["PL"]) == slow
    if 7 <= len(digits) <= 15 and canonical(digits):
        assert slow == Number(int(digits))


@pytest.mark.parametrize("region", REGIONS)
def test_the_fast_path_holds_at_every_beginning_of_every_plan(region: str) -> None:
    code = str(phonenumbers.country_code_for_region(region))
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    assert metadata.general_desc is not None
    for length in metadata.general_desc.possible_length:
        for head in range(100):
            digits = f"{code}{head:02d}{'2345678901234567'[: length - 2]}"
            if len(digits) <= 15:
                assert interpret("+" + digits, SITES["PL"]) == understand("+" + digits, SITES["PL"]), digits


def test_the_fast_path_is_taken_for_most_valid_numbers() -> None:
    fast = [region for region in REGIONS if canonical(_example(region, 0) if region != "TA" else "")]
    assert len(fast) > 0.8 * len(REGIONS)


@given(st.one_of(st.text(max_size=40), st.text("0123456789+*#() .,;/-x@:e", max_size=30)), st.sampled_from(COUNTRIES))
@example("\ud800\udfff", "PL")
@example("+48\ud800600100200", "PL")
@example("٣" * 128, "AR")
@example("(" * 128, "PL")
@example("x" * 128, "PL")
@example("sip:" * 32, "PL")
@example("tel:;ext=;ext=1;=", "PL")
@example("tel:%ff%00@", "PL")
@example("++0", "PL")
@example("+", "PL")
@example("+00", "PL")
@settings(max_examples=1500, deadline=None)
def test_no_text_raises_and_every_number_reads_as_itself(text: str, country: str) -> None:
    found = interpret(text, SITES[country])
    if isinstance(found, NotANumber):
        assert found.detail
        return
    assert found.e164 > 0
    assert len(str(found.e164)) <= 15
    assert interpret(found.text, SITES[country]) == found


@given(st.text("0123456789", min_size=4, max_size=16), st.sampled_from(COUNTRIES))
@settings(max_examples=1000, deadline=None)
def test_dialled_digits_read_as_themselves(text: str, country: str) -> None:
    found = interpret(text, SITES[country])
    if isinstance(found, Number):
        assert interpret(found.text, SITES["PL"]) == found


@pytest.mark.parametrize("region", REGIONS)
def test_no_valid_number_is_taken_for_an_emergency_or_short_code(region: str) -> None:
    site = Site(region, outside_line="9")
    for kind in range(11):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
                found = interpret(phonenumbers.format_number(number, form), site)
                assert isinstance(found, Number), (number, found)


@given(st.integers(0, 10**15 - 1))
def test_a_mask_never_shows_more_than_six_digits_nor_all_but_four(e164: int) -> None:
    shown = sum(char.isdigit() for char in masked(e164))
    assert shown <= 6
    assert shown == 0 or len(str(e164)) - shown >= 5
