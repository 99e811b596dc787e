"""National registries' own formats."""

import io
import zipfile

import pytest

from models.exchange.formats import FORMATS
from models.exchange.kinds import FileRefused, Refused


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["ftc", "dncl"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("country", ["PL", "US", "GB"])
def test_both_ways_of_writing_a_line(read, name, end, country):
    found = read(name, f"416,5551234{end}4165551235{end}", country)
    assert (found.numbers, found.lines) == ([14165551234, 14165551235], [1, 2])


def test_a_bad_line_is_named_and_the_lines_around_it_are_read(read):
    found = read("ftc", "416,5551234\n\n116,5551234\n416,123\nabc\n416,5551235")
    assert found.numbers == [14165551234, 14165551235]
    assert [(one.line, one.what) for one in found.refused] == [(3, "116,5551234"), (4, "416,123"), (5, "abc")]


def test_a_header_a_mark_and_the_end_of_a_dos_text_are_no_rows(read):
    found = read("ftc", "\ufeff416,5551234\r\n416,5551235\r\n\x1a")
    assert (found.numbers, found.refused) == ([14165551234, 14165551235], [])
    assert read("ftc", "area,number\n416,5551234\n").refused == []


def test_a_list_of_changes_is_refused(read):
    with pytest.raises(FileRefused, match=r"line 2: several fields.*full list"):
        read("ftc", "416,5551234\n416,5551235,2026-01-01,A\n")


def test_a_zip_has_one_file_per_area_code(read):
    data = zipped(a416=b"416,5551234\n", a212=b"212,5551234\nx1\n")
    found = read("dncl", data)
    assert found.numbers == [14165551234, 12125551234]
    assert [one.line for one in found.refused] == [2]


@pytest.mark.parametrize("name", ["ftc", "tps"])
def test_what_has_no_lines_is_no_list(read, name):
    with pytest.raises(FileRefused, match="without end"):
        read(name, b"\x00" * 5000)


def test_a_damaged_zip_is_refused(read):
    data = bytearray(zipped(a=b"416,5551234\n" * 1000))
    data[60] ^= 0xFF
    for damaged in (bytes(data), bytes(data[: len(data) // 2])):
        with pytest.raises(FileRefused, match="zip is damaged"):
            read("ftc", damaged)


@pytest.mark.parametrize(
    "text",
    [
        "<?xml version='1.0'?><list type='full' level='ac' val='416'/><ac val='416'><ph val='5551234'/></ac>",
        "<list type='full' level='ac'><ac val='416'>\n<ph val='5551234'/></ac></list>",
        "\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<list><ac val='416'><ph val=\"5551234\"></ph></ac></list>",
    ],
)
@pytest.mark.parametrize("name", ["ftc-xml", "dncl-xml"])
def test_xml_with_and_without_a_root(read, name, text):
    found = read(name, text)
    assert (found.numbers, found.refused) == ([14165551234], [])


def test_xml_rows_that_are_no_numbers_are_named(read):
    text = "<list>\n<ac val='41'><ph val='5551234'/></ac>\n<ac val='416'>\n<ph val='55512'/><ph/></ac></list>"
    found = read("dncl-xml", text)
    assert [one.line for one in found.refused] == [2, 2, 4, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<list type='change'><ac val='416'/></list>", "full list"),
        ("<list><ac val='416'><ph val='5551234'/>", "cut"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><list/>", "document type"),
        ("416,5551234", "no XML of a registry"),
        ("", ""),
    ],
)
def test_xml_that_cannot_be_trusted_is_refused(read, text, words):
    if not text:
        assert read("dncl-xml", text).numbers == []
        return
    with pytest.raises(FileRefused, match=words):
        list(FORMATS["dncl-xml"].read(io.BytesIO(text.encode()), None))


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("0207 3787244", 442073787244),
        ("0191 5657153", 441915657153),
        ("01635 506160", 441635506160),
        ("02073787244 ", 442073787244),
        ("0169772345  ", 44169772345),
    ],
)
def test_both_layouts_of_tps(read, line, number):
    found = read("tps", f"{line}\r\n" * 3)
    assert (found.numbers, found.refused) == ([number] * 3, [])
    assert read("tps", f"{line}\r\nx\r\n").numbers == [number]


def test_tps_lines_that_are_no_uk_numbers_are_named(read):
    found = read(
        "tps", "02073787244 \r\n207 3787244 \r\n020737872\r\n00073787244 \r\n02073787244   9\r\n02073787245\n\n"
    )
    assert found.numbers == [442073787244, 442073787245]
    assert [one.line for one in found.refused] == [2, 3, 4, 5]


@pytest.mark.parametrize("name", ["ftc", "tps"])
def test_a_file_longer_than_a_block_is_the_same_in_bulk_and_by_line(read, name):
    line = {"ftc": "416,555{:04}\n", "tps": "0207{:07} \r\n"}[name]
    data = "".join(line.format(n % 10000) for n in range(100_000)).encode()
    blocks = list(FORMATS[name].blocks(io.BytesIO(data)))
    numbers = [number for _, block in blocks for number in block]
    assert len(blocks) > 1
    assert numbers == read(name, data).numbers
    assert not any(isinstance(block, Refused) for _, block in blocks)
    with_bad = data[: len(line.format(0)) * 90_000] + b"bad\r\n" + data[len(line.format(0)) * 90_000 :]
    found = read(name, with_bad)
    assert (found.numbers, [one.line for one in found.refused]) == (numbers, [90_001])


def test_an_element_of_another_name_is_no_number_that_is_lost_without_a_word(read):
    text = "<list><ac val='416'>\n<ph val='5551234'/>\n<PH VAL='5551235'/>\n<phone val='5551236'/></ac></list>"
    found = read("dncl-xml", text)
    assert found.numbers == [14165551234]
    assert [(one.line, one.what) for one in found.refused] == [(3, "<PH>"), (4, "<phone>")]
