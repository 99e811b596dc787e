"""What is written is read again as it was; what a format cannot hold is named, never bent."""

import io
import string
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.exchange.formats import FORMATS, Options
from models.exchange.intake import read_rows
from models.exchange.kinds import FileRefused, Listed, Refused
from models.number import Site

AMERICAN = st.builds("1212{}{:06}".format, st.integers(2, 9), st.integers(0, 999_999)).map(int)
BRITISH = st.builds("442079{:06}".format, st.integers(460_000, 469_999)).map(int)
POLISH = st.builds("48600{:06}".format, st.integers(0, 999_999)).map(int)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(str.strip)
names = st.text(string.ascii_lowercase + string.digits, max_size=8)
times = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
WRITTEN = sorted(FORMATS)


@st.composite
def entries(draw: st.DrawFn) -> Listed:
    number = draw(AMERICAN | BRITISH | POLISH)
    last = draw(st.none() | st.just(number + 5))
    return Listed(number, last, draw(names), draw(times), draw(texts), draw(texts), draw(times), draw(st.booleans()))


def back(name: str, data: bytes, country: str) -> list[Listed]:
    found = list(read_rows(FORMATS[name].read(io.BytesIO(data), Options()), Site(country=country), force=True))
    assert not [one for one in found if isinstance(one, Refused)]
    return [entry for _, entry in found]


def through(name: str, given: list[Listed], country: str, code: str) -> tuple[list[Listed], list[Refused]]:
    stream = io.BytesIO()
    refused = list(FORMATS[name].write(given, stream, Options(code=code)))
    return back(name, stream.getvalue(), country), refused


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given=st.lists(entries(), max_size=4))
@example(
    given=[Listed(48600100200, reason="=1+1"), Listed(48600100200, reason="'=x"), Listed(48600100200, reason="'a")]
)
@example(given=[Listed(48600100200, source="=1+1"), Listed(48600100200, source="@x")])
@example(given=[Listed(48600100200, reason='a "b", c;\td', source="x, y")])
def test_a_format_with_all_columns_keeps_everything(name, given):
    found, refused = through(name, given, "PL", "48")
    assert refused == []
    assert found == given


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ("csv", "tsv", "xlsx")])
@settings(max_examples=40, deadline=None)
@given(given=st.lists(entries() | POLISH.map(Listed) | AMERICAN.map(Listed) | BRITISH.map(Listed), max_size=6))
def test_a_narrower_format_keeps_what_it_can_and_names_the_rest(name, given):
    country, code = {"tps": ("GB", "44"), "astdb": ("PL", "48"), "freepbx": ("PL", "48"), "issabel": ("PL", "48")}.get(
        name, ("US", "1")
    )
    found, refused = through(name, given, country, code)
    campaigns = name == "vicidial-campaign"
    kept = [entry for entry in given if not through(name, [entry], country, code)[1]]
    assert len(kept) + len(refused) == len(given)
    assert [(entry.number, entry.last) for entry in found] == [(entry.number, entry.last) for entry in kept]
    for entry, was in zip(found, kept, strict=True):
        assert (was.until, was.allow) == (None, False)
        assert entry.campaign == was.campaign
        assert campaigns or not was.campaign
        if name == "freepbx":
            assert entry.reason == was.reason


def test_a_range_in_vicidial_is_a_wildcard_or_refused(write, read):
    ranges = [(12010000000, 12019999999), (12125550000, 12125559999), (12125550000, 12125559998), (10, 19)]
    data, refused = write("vicidial", [Listed(*one) for one in ranges], code="1")
    assert data == b"201XXXXXXX\n212555XXXX\n" + b"0X\n"[:0] + b""
    assert [one.what for one in refused] == ["+12125550000", "+10"]


def test_text_that_the_encoding_does_not_have_is_refused_in_words(write):
    with pytest.raises(FileRefused):
        write("csv", [Listed(48600100200, reason="żółć")], encoding="ascii")
    data, _ = write("csv", [Listed(48600100200, reason="żółć")], encoding="cp1250")
    assert "żółć" in data.decode("cp1250")


HOSTILE = [b"", b"\n", b"\0", b"\xff\xfe", b"\xff\xfe\0", b'"', b'number\n"', b"PK\x03\x04", b"<", b",,,\n,,,", b";\n"]


@pytest.mark.parametrize("name", WRITTEN)
@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=300)
    | st.sampled_from(HOSTILE)
    | st.text(st.sampled_from("0123456789,;\t|\"\r\n+Xx eE.<>/='\ufeff\u00a0acphvlnumbert"), max_size=200).map(
        str.encode
    )
)
def test_whatever_bytes_come_the_answer_is_rows_or_a_refusal_in_words(name, data):
    try:
        for one in read_rows(FORMATS[name].read(io.BytesIO(data), Options()), Site(country="PL")):
            assert isinstance(one, Refused) or one[1].number > 0
    except FileRefused as refused:
        assert str(refused)


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "freepbx"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_reason_of_many_lines_does_not_spoil_the_file(name, end):
    """An open quote is told by its length; who wrote the reason may have pasted a letter."""
    given = [Listed(48600100200, reason=end.join(f"line {one}" for one in range(90))), Listed(48600100201, reason="b")]
    found, refused = through(name, given, "PL", "48")
    assert refused == []
    assert [(one.number, one.reason.split()) for one in found] == [(one.number, one.reason.split()) for one in given]
