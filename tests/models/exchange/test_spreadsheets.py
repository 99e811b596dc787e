"""What spreadsheets do to telephone numbers, and what their files look like."""

import io
import zipfile

import openpyxl
import pytest

from models.exchange.kinds import FileRefused

ONE = 48600100200


def workbook(rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "cell",
    [
        "600100200",
        "600 100 200",
        "+48 600-100-200",
        "48600100200",
        "48600100200.0",
        "'600100200",
        "'+48600100200",
        "600\u00a0100\u00a0200",
        "\u202c+48600100200\u202c",
        "\u202a600100200",
        "0048 600 100 200",
        "(600) 100 200",
        "600100200 wew. 12",
        "٦٠٠١٠٠٢٠٠",
        '="600100200"',
        '="+48600100200"',
    ],
)
def test_one_number_in_the_ways_that_spreadsheets_leave_it(read, cell):
    found = read("csv", f"number\r\n{cell}\r\n")
    assert (found.numbers, found.refused) == ([ONE], [])


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("600100200 or 600100201", "two-numbers"),
        ("600100200 600100201", "two-numbers"),
        ("600100200/01", "two-numbers"),
        ("600100200 Kowalski", "letters"),
        ("1-800-FLOWERS", "letters"),
        ("112", "emergency"),
        ("48600100200.5", "not-a-number"),
        ("600100", "in no numbering plan"),
        ("60010", "too-short"),
        ("+48000000000", "in no numbering plan"),
        ("#N/A", "letters"),
        ("anonymous", "withheld"),
    ],
)
def test_what_is_not_one_number_is_named_and_the_rest_is_read(read, cell, why):
    found = read("csv", f"number\n{cell}\n600100200\n")
    assert found.numbers == [ONE]
    assert list(found.whys) == [2]
    assert found.whys[2].startswith(why)


@pytest.mark.parametrize("cell", ["4.86001E+10", "4,86001E+10", "4.86E+10", "'4.86001e+10", " 4.86001E+10 "])
@pytest.mark.parametrize("name", ["csv", "tsv", "freepbx", "issabel", "vicidial", "astdb"])
def test_a_rounded_number_refuses_the_whole_file(read, name, cell):
    head = {"issabel": "caller_id\tstatus\n", "vicidial": "phone_number\n", "astdb": ""}.get(name, "number\n")
    line = f"/blacklist/{cell.strip()} : 1" if name == "astdb" else f'"{cell}"'
    more = {} if name in ("astdb", "tsv") else {"delimiter": "\t"}
    with pytest.raises(FileRefused, match=r"digits are lost"):
        read(name, f"{head}{line}\n", **more)


@pytest.mark.parametrize(
    ("data", "delimiter"),
    [
        ("number;reason\n600100200;a, b, c\n", ";"),
        ("number,reason\n600100200,a; b\n", ","),
        ("number\treason\n600100200\ta, b\n", "\t"),
        ("number|reason\n600100200|a\n", "|"),
        ('"number","reason"\n"600100200","a;b;c;d"\n', ","),
    ],
)
def test_the_delimiter_is_counted(read, data, delimiter):
    found = read("csv", data)
    assert (found.numbers, found.refused) == ([ONE], [])
    assert found.entries[0].reason.startswith("a")


def test_one_column_of_numbers_has_no_delimiter_not_even_an_eight(read):
    found = read("csv", "".join(f"8{n}8{n}8{n}8{n}8\n" for n in range(10)) + "600 100 200, 600 100 201\n")
    assert list(found.whys) == [1 + n for n in range(10) if found.whys.get(1 + n)] + [11]
    assert found.whys[11].startswith("two-numbers")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "iso8859-2"])
def test_encodings(read, encoding):
    data = "numer telefonu;opis\r\n600100200;zażółć gęślą\r\n".encode(encoding)
    marked = encoding in ("utf-8", "utf-8-sig", "utf-16")
    found = read("csv", data, encoding=None if marked else encoding)
    assert (found.numbers, found.entries[0].reason) == ([ONE], "zażółć gęślą")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("numer;opis\n600100200;zażółć".encode("cp1250"), "not UTF-8 in line 2; .*--encoding cp1250"),
        ("number\n600100200\n".encode("utf-16-le"), "--encoding utf-16-le"),
        (b"number\n" + b"6" * 1_100_000, "a line of more than"),
        (b'number,reason\n600100200,"open\n' + b"600100201,x\n" * 20, "never closed"),
        (b'number,reason\n600100200,"open\n' + b"600100201,x\n" * 90 + b'"\n', "not closed within 50 lines"),
        (b'number,reason\n600100200,"' + b"x" * 200_000 + b'"\n', "never closed"),
        (b"name,town\nKowalski,Opole\n", "no column of the first line"),
        (b"phone,mobile\n600100200,600100201\n", r"several columns may hold the number \(phone, mobile\)"),
        (b"600100200,600100201\n", "two columns hold digits"),
        (b"600100200,x,y\n", "several columns and no header"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_what_to_do(read, data, words):
    with pytest.raises(FileRefused, match=words):
        read("csv", data)


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13"])
def test_an_encoding_that_is_none_is_named(read, encoding):
    with pytest.raises(FileRefused, match="is no encoding"):
        read("csv", b"number\n600100200\n", encoding=encoding)


def test_a_column_can_be_chosen_by_its_name(read):
    data = "phone,mobile\n221234567,600100200\n"
    assert read("csv", data, columns={"number": "Mobile"}).numbers == [ONE]
    with pytest.raises(FileRefused, match="no column is called 'fax'; there are: phone, mobile"):
        read("csv", data, columns={"number": "fax"})


def test_all_columns_are_taken(read):
    data = (
        "Phone Number;Campaign;Until;Reason;Source;Added at;Last\n"
        "600100200;Spring;2027-03-31;letter;mail;2026-01-02T03:04:05+01:00;\n"
        "600100000;;31.12.2027;block;;;600100999\n"
        "600100201;a b;;;;;\n"
        "600100202;;soon;;;;\n"
        "600100203;;;;;;600100100\n"
        "600100204;;;;;;60010020\n"
        "600100205;;9999-12-31;;;;\n"
    )
    found = read("csv", data)
    first, block, for_ever = found.entries
    assert (first.campaign, first.reason, first.source) == ("spring", "letter", "mail")
    assert first.until.isoformat() == "2027-04-01T12:00:00+00:00"
    assert first.at.isoformat() == "2026-01-02T02:04:05+00:00"
    assert (block.number, block.last, block.until.isoformat()[:10]) == (48600100000, 48600100999, "2028-01-01")
    assert for_ever.until is None
    assert [why.split(":")[0] for why in found.whys.values()] == [
        "no name of a campaign",
        "no date such as 2027-03-31",
        "no range from a lower number to a higher one",
        "both ends of a range must have as many digits",
    ]


def test_a_record_may_have_a_line_break_in_quotes_and_lines_are_still_counted(read):
    found = read("csv", 'number,reason\n600100200,"two\nlines"\nabc,\n')
    assert found.entries[0].reason == "two\nlines"
    assert list(found.whys) == [4]


def test_short_rows_and_empty_lines(read):
    found = read("csv", "reason,number\n\nx\nx,\nx,600100200\n,,,\n")
    assert found.numbers == [ONE]
    assert set(found.whys.values()) == {"no number stands in it"}
    assert list(found.whys) == [3, 4, 6]


def test_a_workbook_is_read_like_its_csv(read):
    rows = [["Telefon", "opis"], [600100200, "a"], ["600 100 200", "b"], [48600100200.0, None], ["abc", 1], [None, "x"]]
    found = read("xlsx", workbook(rows))
    assert found.numbers == [ONE] * 3
    assert list(found.whys) == [5, 6]


@pytest.mark.parametrize("value", ["4.86001E+10", 4.86001e20, float(1 << 60)])
def test_a_rounded_number_in_a_workbook_refuses_it(read, value):
    with pytest.raises(FileRefused, match=r"digits are lost|more digits than a spreadsheet keeps"):
        read("xlsx", workbook([["number"], [value]]))


@pytest.mark.parametrize("cut", [0, 10, 100, 1000, -1, -100])
def test_a_damaged_workbook_is_one_clear_error(read, cut):
    with pytest.raises(FileRefused, match="workbook"):
        read("xlsx", workbook([["number"], [600100200]])[:cut])


@pytest.mark.parametrize("lines", [2, 1000, 30_000])
def test_the_line_that_is_in_another_encoding_is_named(read, lines):
    data = b"number;reason\n" + b"600100200;asked\n" * (lines - 2) + "600100201;zażółć\n".encode("cp1250")
    with pytest.raises(FileRefused, match=f"not UTF-8 in line {lines};"):
        read("csv", data)


def test_a_rounded_number_that_is_written_as_a_formula_refuses_the_file(read):
    with pytest.raises(FileRefused, match="digits"):
        read("csv", 'number\n600100200\n="4.86001E+10"\n')


def test_half_a_character_of_a_reason_is_no_reason_to_lose_the_rest(read):
    found = read("csv", b"number,reason,source\n600100200,+2AA-x,+2AA-\n600100201,+2AA-,\n", encoding="utf-7")
    assert [(one.number, one.reason, one.source) for one in found.entries] == [(ONE, "?x", "?"), (ONE + 1, "?", "")]


def sheets(**rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, found in rows.items():
        sheet = book.create_sheet(name)
        for row in found:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


JANUARY, FEBRUARY = [["number"], ["600100200"]], [["number"], ["600100201"]]


def test_of_several_sheets_with_rows_one_has_to_be_chosen(read):
    book = sheets(January=JANUARY, Empty=[], February=FEBRUARY)
    with pytest.raises(FileRefused, match=r"several sheets have rows \('January', 'February'\).*--sheet NAME"):
        read("xlsx", book)
    assert read("xlsx", book, sheet="february").numbers == [ONE + 1]
    with pytest.raises(FileRefused, match="no sheet is called 'March'; there are: January, Empty, February"):
        read("xlsx", book, sheet="March")


def test_the_only_sheet_with_rows_is_read_wherever_it_stands(read):
    assert read("xlsx", sheets(About=[], Numbers=FEBRUARY)).numbers == [ONE + 1]
    late = [[None]] * 5000 + [["600100202"]]
    with pytest.raises(FileRefused, match="several sheets"):
        read("xlsx", sheets(January=JANUARY, Late=late))


@pytest.mark.parametrize("header", ["from,to", "Phone,To", "telefon,do numeru", "number,First,Last", "od,do"])
def test_columns_that_may_be_ends_of_ranges_or_something_else_are_asked_about(read, header):
    commas = "," * header.count(",")
    row = "600100200" + ("," if commas == ",,," else commas) + "600100299"
    with pytest.raises(FileRefused, match=r"may be the end of a range: if it is, say .*--column last="):
        read("csv", f"{header}\n{row}\n")


def test_a_range_that_is_asked_for_is_read(read):
    data = "from,to\n600100200,600100299\n"
    [found] = read("csv", data, columns={"number": "from", "last": "to"}).entries
    assert (found.number, found.last) == (ONE, ONE + 99)
    [found] = read("csv", data, columns={"number": "to", "last": "-"}).entries
    assert (found.number, found.last) == (ONE + 99, None)
    [found] = read("csv", "Range from;Range to\n600100200;600100299\n").entries
    assert (found.number, found.last) == (ONE, ONE + 99)


def test_a_row_that_no_sheet_has_is_damage(read):
    def moved(text: bytes) -> bytes:
        return text.replace(b'row r="2"', b'row r="99999999999"').replace(b'r="A2"', b'r="A99999999999"')

    with pytest.raises(FileRefused, match="a row beyond 1,048,576"):
        read("xlsx", changed(workbook([["number"], ["600100200"]]), "xl/worksheets/sheet1.xml", moved))


def test_a_workbook_with_a_bomb_of_entities_is_damaged(read):
    def armed(text: bytes) -> bytes:
        entities = "".join(f'<!ENTITY e{one} "{f"&e{one - 1};" * 10}">' for one in range(1, 10))
        head = f'<!DOCTYPE x [<!ENTITY e0 "0123456789">{entities}]>'.encode()
        return head + text.replace(b"600100200", b"&e9;")

    with pytest.raises(FileRefused, match="damaged"):
        read("xlsx", changed(workbook([["number"], ["600100200"]]), "xl/worksheets/sheet1.xml", armed))


def changed(book: bytes, member: str, change) -> bytes:
    """The workbook with another text in one of its files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as before, zipfile.ZipFile(stream, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            after.writestr(name, change(text) if name == member else text)
    return stream.getvalue()


@pytest.mark.parametrize("day", ["9999-12-31", "31.12.9999", "99991231", "9999-12-31 00:00:00"])
def test_the_last_day_of_the_calendar_however_it_is_written_is_for_ever(read, day):
    found = read("csv", f"number,until\n+48600100200,{day}\n+48600100201,2027-03-31\n")
    assert ([one.until is None for one in found.entries], found.refused) == ([True, False], [])
