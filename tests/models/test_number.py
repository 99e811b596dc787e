"""What a written or dialled text means, fact by fact."""

import pickle
import subprocess
import sys

import pytest

from models.number import MAX_TEXT, NotANumber, Number, Site, Why, interpret, known_country, masked

LISTED = 48600100200
WARSAW = Site(
    "PL", outside_line="9", international=("810",), tech_prefixes=("9999#", "77"), internal=("_2XXX", "_3[0-4]X", "15")
)
PLAIN = Site("PL")


def number(raw: str, site: Site = WARSAW) -> Number:
    found = interpret(raw, site)
    assert isinstance(found, Number), (raw, found)
    return found


def why(raw: str, site: Site = WARSAW) -> Why:
    found = interpret(raw, site)
    assert isinstance(found, NotANumber), (raw, found)
    return found.why


@pytest.mark.parametrize(
    "raw",
    [
        "+48600100200",
        "0048600100200",
        "9 0048 600 100 200",
        "9,0048600100200",
        "900 48 600100200",
        "9+48600100200",
        "81048600100200",
        "600100200",
        "9600100200",
        "600-100-200",
        "600.100.200",
        "600,100,200",
        "(600) 100/200",
        "48600100200",
        "948600100200",
        "0600100200",
        "90600100200",
        "+48 (0)600 100 200",
        "+0048600100200",
        "++48600100200",
        "9999#0048600100200",
        "9999#9600100200",
        "99999#600100200",
        "9999#*31#600100200",
        "*31#9999#600100200",
        "77600100200",
        "*31#600100200",
        "#31#+48600100200",
        "9*31#600100200",
        "*67600100200",
        "600100200#",
        "48600100200.0",
        "\ufeff600100200",
        "\u202a+48 600\xa0100\u2009200\u202c",
        "'600100200",
        "’600100200",
        '"600100200"',
        "600\u2013100\u2212200",
        "٦٠٠١٠٠٢٠٠",
        "+48600100200",
        "\t600100200\r\n",
        '"Jan 2" <600100200>',
        "tel:+48600100200",
        "TEL:+48-600-100-200",
        "tel:600100200;phone-context=+48",
        "sip:+48600100200@pbx.example",
        "sip:%2B48600100200@pbx.example;user=phone",
        "sips:0048600100200:secret@pbx.example",
        "<sip:600100200@10.0.0.1:5060>",
    ],
)
def test_one_listed_number_is_recognised_however_it_is_written(raw: str) -> None:
    assert number(raw).e164 == LISTED


@pytest.mark.parametrize(
    ("raw", "extension"),
    [
        ("+48600100200 wew. 12", "12"),  # phonenumbers alone reads +4860010020093912
        ("600100200 wewn 12", "12"),
        ("600100200 ext 12", "12"),
        ("600100200 ext. 12", "12"),
        ("600100200 (ext. 12)", "12"),
        ("600100200x12", "12"),
        ("600100200,12", "12"),
        ("600100200,,12#", "12#"),
        ("600100200p12", "12"),
        ("+48600100200;ext=12", "12"),
        ("tel:+48600100200;ext=12;phone-context=x", "12"),
    ],
)
def test_an_extension_is_kept_apart_and_leaves_the_number_alone(raw: str, extension: str) -> None:
    found = number(raw)
    assert (found.e164, found.extension) == (LISTED, extension)
    assert found == number("+48600100200")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", Why.EMPTY),
        (" \xa0\u202c", Why.EMPTY),
        ("''", Why.EMPTY),
        ("<>", Why.EMPTY),
        ("Anonymous", Why.WITHHELD),
        ("anonymous", Why.WITHHELD),
        ("UNKNOWN", Why.WITHHELD),
        ("<unknown>", Why.WITHHELD),
        ("Restricted", Why.WITHHELD),
        ("unavailable", Why.WITHHELD),
        ("sip:anonymous@anonymous.invalid", Why.WITHHELD),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', Why.WITHHELD),
        ("+266696687", Why.WITHHELD),
        ("600ABC200", Why.LETTERS),
        ("1-800-FLOWERS", Why.LETTERS),
        ("tel. 600100200", Why.LETTERS),
        ("PJSIP/600100200", Why.LETTERS),
        ("sip:alice@pbx.example", Why.SIP_URI),
        ("sip:pbx.example", Why.SIP_URI),
        ("sip:48600100200", Why.SIP_URI),
        ("urn:service:counseling", Why.SIP_URI),
        ("4.86001E+10", Why.EXPONENT),
        ("4,86001e+10", Why.EXPONENT),
        ("5E10", Why.EXPONENT),
        ("600100200.5", Why.NOT_A_NUMBER),
        ("600100200/600100201", Why.TWO_NUMBERS),
        ("600100200, 600100201", Why.TWO_NUMBERS),
        ("600100200;600100201", Why.TWO_NUMBERS),
        ("600100200\n600100201", Why.TWO_NUMBERS),
        ("600100200 lub 600100201", Why.TWO_NUMBERS),
        ("600100200 600100201", Why.TWO_NUMBERS),
        ("+48600100200+48600100201", Why.TWO_NUMBERS),
        ("600100200/1", Why.TWO_NUMBERS),
        ("60010020²", Why.NOT_A_NUMBER),
        ("600100200\0", Why.NOT_A_NUMBER),
        ("\ud800", Why.NOT_A_NUMBER),
        ("=600100200", Why.NOT_A_NUMBER),
        ("+", Why.NOT_A_NUMBER),
        ("48+600100200", Why.NOT_A_NUMBER),
        ("8888#600100200", Why.NOT_A_NUMBER),
        ("*72600100200", Why.FEATURE_CODE),
        ("*8", Why.FEATURE_CODE),
        ("1234", Why.TOO_SHORT),
        ("+4412", Why.TOO_SHORT),
        ("+48600100200123", Why.TOO_LONG),
        ("442079460958", Why.TOO_LONG),
        ("1234567890123456", Why.TOO_LONG),
        ("+999123456789", Why.COUNTRY_CODE),
        ("2001", Why.INTERNAL),
        ("354", Why.TOO_SHORT),
        ("344", Why.INTERNAL),
        ("15", Why.INTERNAL),
        ("sip:2001@pbx.example", Why.INTERNAL),
        ("92001", Why.TOO_SHORT),
        ("19123", Why.SHORT_CODE),
        ("919123", Why.SHORT_CODE),
        ("116111", Why.SHORT_CODE),
        ("+48116111", Why.SHORT_CODE),
    ],
)
def test_what_is_no_number_is_refused_by_name(raw: str, reason: Why) -> None:
    assert why(raw) is reason


@pytest.mark.parametrize(
    "site", [PLAIN, WARSAW, Site("US"), Site("US", outside_line="9"), Site("DE", outside_line="0")]
)
@pytest.mark.parametrize("service", ["112", "911", "999"])
@pytest.mark.parametrize(
    "form",
    ["{}", "9{}", "0{}", "9,{}", "*31#{}", "9999#{}", "+{}", "{}#", "{},,1", " {} ", "tel:{}", "sip:{}@pbx.example"],
)
def test_an_emergency_call_is_known_behind_any_usual_prefix(form: str, service: str, site: Site) -> None:
    assert why(form.format(service), site) is Why.EMERGENCY


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("997", "PL"),
        ("998", "PL"),
        ("9997", "PL"),
        ("+48112", "PL"),
        ("0048112", "PL"),
        ("48112", "PL"),
        ("+1911", "PL"),
        ("tel:112;phone-context=+48", "PL"),
        ("15", "FR"),
        ("000", "AU"),
        ("110", "DE"),
        ("10111", "ZA"),
        ("+2710111", "ZA"),
        ("urn:service:sos", "PL"),
        ("urn:service:sos.police", "PL"),
    ],
)
def test_emergency_numbers_of_the_country_and_of_urns(raw: str, country: str) -> None:
    assert why(raw, Site(country)) is Why.EMERGENCY


def test_a_two_digit_emergency_number_behind_the_sites_outside_line() -> None:
    assert why("915", Site("FR", outside_line="9")) is Why.EMERGENCY


def test_an_emergency_number_wins_over_an_internal_pattern() -> None:
    assert why("112", Site("PL", internal=("_1XX",))) is Why.EMERGENCY


@pytest.mark.parametrize(
    ("raw", "site", "e164"),
    [
        ("8 916 123-45-67", Site("RU"), 79161234567),
        ("+7 (8) 916 1234567", Site("RU"), 79161234567),
        ("8 10 48 600 100 200", Site("RU"), LISTED),
        ("0048600100200", Site("RU"), LISTED),
        ("8 701 234 5678", Site("KZ"), 77012345678),
        ("+5215512345678", PLAIN, 525512345678),
        ("+525512345678", PLAIN, 525512345678),
        ("044 55 1234 5678", Site("MX"), 525512345678),
        ("01 55 1234 5678", Site("MX"), 525512345678),
        ("1 55 1234 5678", Site("MX"), 525512345678),
        ("+5491112345678", PLAIN, 541112345678),
        ("+541112345678", PLAIN, 541112345678),
        ("011 15 1234-5678", Site("AR"), 541112345678),
        ("06 698 12345", Site("IT"), 390669812345),
        ("+39 06 698 12345", PLAIN, 390669812345),
        ("011 48 600 100 200", Site("US"), LISTED),
        ("9,011 48 600 100 200", Site("US", outside_line="9"), LISTED),
        ("9011 48600100200", Site("US", outside_line="9"), LISTED),
        ("0048600100200", Site("US"), LISTED),
        ("*67 212 555 0123", Site("US"), 12125550123),
        ("212,5550123", Site("US"), 12125550123),
        ("9 1 212 555 0123", Site("US", outside_line="9"), 12125550123),
        ("0011 48 600 100 200", Site("AU"), LISTED),
        ("010 48 600 100 200", Site("JP"), LISTED),
        ("0048 600 100 200", Site("JP"), LISTED),
        ("+44 (0)20 7946 0958", PLAIN, 442079460958),
        ("141 020 7946 0958", Site("GB"), 442079460958),
        ("0207 9460958", Site("GB"), 442079460958),
        ("9999#902/212 300 00", Site("SK", outside_line="9", tech_prefixes=("9999#",)), 421221230000),
        ("9999#01512 3450000", Site("DE", tech_prefixes=("9999#",)), 4915123450000),
        ("442079460958", Site("PL", international=("",)), 442079460958),
        ("8600100200", Site("PL", trunk_prefix="8"), LISTED),
    ],
)
def test_the_habits_of_other_countries(raw: str, site: Site, e164: int) -> None:
    found = number(raw, site)
    assert found.e164 == e164
    assert found.valid


@pytest.mark.parametrize(
    ("raw", "site", "reason"),
    [
        ("0112125550123", Site("US"), Why.TOO_SHORT),  # 011 and country 212, not New York
        ("901148600100200", Site("US"), Why.TOO_LONG),  # phonenumbers alone: +1901148600100200
        ("5550123", Site("US"), Why.TOO_SHORT),  # an area code is missing
        ("988", Site("US"), Why.SHORT_CODE),
    ],
)
def test_what_other_countries_do_not_dial(raw: str, site: Site, reason: Why) -> None:
    assert why(raw, site) is reason


def test_the_outside_line_is_taken_off_only_where_a_number_is_left() -> None:
    assert number("911234567").e164 == 48911234567  # Szczecin, no outside line
    assert number("9911234567").e164 == 48911234567


def test_when_both_readings_are_valid_the_outside_line_wins_and_the_other_is_named() -> None:
    found = number("9301234567", Site("DE", outside_line="9"))
    assert found.e164 == 49301234567
    assert found.also == (499301234567,)


def test_an_outside_line_0_and_an_international_number_begin_alike() -> None:
    site = Site("DE", outside_line="0")
    written = number("0049 211 2345678", site)
    assert written.e164 == 492112345678
    assert written.also == (49492112345678,)  # 0, then the area code 04921
    assert number("00911123456", site).e164 == 49911123456  # 0, then Nuremberg: +91 has no such number
    assert number("0 0049 30 123456", site).e164 == 4930123456


def test_a_number_outside_every_plan_is_still_compared() -> None:
    found = number("+48110000000")
    assert (found.e164, found.valid, found.text) == (48110000000, False, "+48110000000")
    assert number("110000000", PLAIN) == found


@pytest.mark.parametrize("e164", [541165432109, 525512345678, 390669812345, 79161234567])
def test_a_canonical_number_is_valid_although_its_mobile_mark_went(e164: int) -> None:
    assert number(f"+{e164}").valid


def test_a_long_text_is_refused_unread() -> None:
    assert why("6" * 10_000) is Why.TOO_LONG
    assert why(" " * MAX_TEXT + "600100200") is Why.TOO_LONG


def test_a_refusal_holds_no_digits_of_the_text() -> None:
    for raw in ("600ABC200", "8888#600100200", "600100200/600100201", "+999123456789", "6001.5E+99", "*72600100200"):
        found = interpret(raw, WARSAW)
        assert isinstance(found, NotANumber)
        assert not any(char.isdigit() for char in found.detail), found


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        (48600100200, "+486***200"),
        (442079460958, "+442***958"),
        (123456789012345, "+123***345"),
        (6834002, "+6***2"),
        (12345, "+***"),
        (0, "+***"),
    ],
)
def test_a_mask_hides_five_digits_and_shows_six_at_most(e164: int, shown: str) -> None:
    assert masked(e164) == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "pl"),
        ("country", "Poland"),
        ("outside_line", "x"),
        ("trunk_prefix", "+"),
        ("international", ("00a",)),
        ("tech_prefixes", ("",)),
        ("tech_prefixes", ("9 9#",)),
        ("internal", ("_X.",)),
        ("internal", ("_2XX!",)),
        ("internal", ("_",)),
        ("internal", ("_[9-1]X",)),
        ("internal", ("abc",)),
    ],
)
def test_a_malformed_habit_is_refused_by_its_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Site(**{field: value})  # type: ignore[arg-type]


def test_a_country_without_a_numbering_plan_is_refused() -> None:
    assert known_country("PL")
    assert not known_country("XX")
    with pytest.raises(ValueError, match=r"country: 'XX' has no numbering plan"):
        interpret("600100200", Site("XX"))


def test_equal_sites_are_one_key_and_survive_another_process() -> None:
    again = pickle.loads(pickle.dumps(WARSAW))  # noqa: S301
    assert again == WARSAW
    assert hash(again) == hash(WARSAW)
    program = (
        "import pickle,sys; s=pickle.load(sys.stdin.buffer); print(hash(s)==hash(type(s)('PL')), s==type(s)('PL'))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(PLAIN), capture_output=True, check=True)
    assert done.stdout.split() == [b"True", b"True"]


def test_importing_the_module_leaves_the_numbering_plans_alone() -> None:
    program = "import sys, models.number as m; m.Site('PL'); sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
