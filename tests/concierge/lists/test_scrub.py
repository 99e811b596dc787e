"""`concierge list scrub`: what may be called, byte for byte; the rest with its reason."""

import csv
import io
import json
import os
import random
import signal
import time

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.cli import main
from models.exchange import leads as exchange
from models.exchange.kinds import FileRefused

WHY = ("--reason", "asked", "--source", "letter")


@pytest.fixture
def scrub(concierge, tmp_path):
    def run(path, *words):
        out, refused = tmp_path / "clean.csv", tmp_path / "refused.csv"
        done = concierge("list", "scrub", path, "-o", out, "--refused", refused, *words)
        done.clean = out.read_bytes() if out.exists() else None
        done.rest = refused.read_bytes() if refused.exists() else None
        return done

    return run


@pytest.fixture
def listed(concierge):
    concierge("list", "add", "600100200", *WHY)
    concierge("list", "add", "600100201", *WHY, "--campaign", "spring")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859-2", "utf-16", "utf-16-le"])
def test_columns_order_quoting_encoding_and_line_ends_stay(scrub, leads, listed, end, encoding):
    lines = [
        'id;"Imię ""x""";telefon;uwagi',
        '1;"Łąka, Ż.";600 100 200;',
        '2;Óla ; 600100202 ;"dwie\nlinie"',
        "3;x;+48600100201;",
        '4;"a";"600100203"; ',
        "",
    ]
    data = end.join(lines).encode(encoding)
    words = () if encoding in ("utf-8", "utf-8-sig", "utf-16") else ("--encoding", encoding)
    done = scrub(leads(data), *words)
    assert (done.returncode, done.stderr) == (1, "")
    bare = encoding.replace("utf-16", "utf-16") if encoding != "utf-8-sig" else encoding
    kept = end.join([lines[0], *lines[2:]]).encode(bare)
    assert done.clean == kept
    assert "3 callable, 1 refused (listed 1)\nas of 20" in done.stdout
    rest = done.rest.decode(encoding)
    assert rest.split(end)[0].endswith(";refused_reason;refused_entry;refused_detail")
    assert rest.split(end)[1] == '1;"Łąka, Ż.";600 100 200;;listed;1;asked'


def test_a_campaigns_leads(scrub, leads, listed):
    path = leads("phone,name\n600100201,a\n600100202,b\n")
    assert scrub(path, "--campaign", "Spring").clean == b"phone,name\n600100202,b\n"
    assert scrub(path, "--campaign", "autumn").returncode == 0
    assert "--campaign 'a b': every call is refused" in scrub(path, "--campaign", "a b").stderr


def test_every_row_is_decided_as_check_decides(scrub, leads, listed, concierge, check):
    numbers = [
        "600100200",
        "+48600100200",
        "600100201",
        "600100202",
        "abc",
        "",
        "0048600100200",
        "600100200 wew. 3",
        "12",
    ]
    done = scrub(leads("number,n\n" + "".join(f'"{number}",{n}\n' for n, number in enumerate(numbers))))
    kept = [row[0] for row in csv.reader(io.StringIO(done.clean.decode()))][1:]
    rest = list(csv.reader(io.StringIO(done.rest.decode())))[1:]
    assert [row[0] for row in rest] == [number for number in numbers if check(number)["verdict"] == "refuse"]
    assert kept == [number for number in numbers if check(number)["verdict"] == "allow"]
    for number, _, reason, entry, _detail in rest:
        facts = check(number)
        assert (reason, entry) == (facts["reason"], str(facts["entry"] or ""))


def test_no_evidence_is_written(scrub, leads, listed, concierge):
    scrub(leads("number\n600100200\n600100202\nabc\n"))
    assert json.loads(concierge("list", "stats", "--format", "json").stdout)["checks"] == 0


def test_a_registry_is_asked_too(scrub, leads, concierge, tmp_path):
    (tmp_path / "r.txt").write_text("600100205\n")
    given = ("--format", "csv", "--country", "PL", "--as-of", "2020-01-01", "--name", "pl")
    concierge("registry", "add", tmp_path / "r.txt", *given)
    done = scrub(leads("number\n+48600100205\n+48600100206\n"))
    assert done.clean == b"number\n+48600100206\n"
    assert b"+48600100205,listed-in-registry,," in done.rest
    assert done.stdout.endswith("Z, registry pl of PL as of 2020-01-01\n")


def test_leads_without_a_header_need_a_column(scrub, leads, listed):
    path = leads("1;Ala;600100200\n2;Ola;600100202\n")
    assert "several columns and no header" in scrub(path).stderr
    assert scrub(path, "--column", "3").clean == b"2;Ola;600100202\n"
    assert "there is no column 9" in scrub(path, "--column", "9").stderr
    named = leads("a,b\n600100200,600100202\n")
    assert scrub(named, "--column", "B").clean == named.read_bytes()


def test_empty_lines_stay(scrub, leads, listed):
    data = "number\n\n600100202\n\n600100200\n\n\n600100203"
    done = scrub(leads(data))
    assert done.clean == b"number\n\n600100202\n\n\n\n600100203"
    assert done.rest == b"number,refused_reason,refused_entry,refused_detail\n600100200,listed,1,asked\n"
    assert "2 callable, 1 refused" in done.stdout


def test_emergency_numbers_are_counted_apart(scrub, leads):
    done = scrub(leads("number\n112\n600100200\n"))
    assert "1 of the callable are emergency numbers, short codes or internal extensions" in done.stdout


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b'number,x\n600100200,"open\n600100201,b\n', "line 2: a quote is opened and never closed"),
        (b"name,town\nAla,Opole\n", "no column of the first line"),
        (b"phone,mobile\n600100200,600100201\n", "several columns may hold the number"),
    ],
)
def test_what_cannot_be_trusted_writes_nothing(scrub, leads, data, words):
    done = scrub(leads(data))
    assert (done.returncode, done.clean, done.rest) == (2, None, None)
    assert words in done.stderr


def test_the_leads_are_never_overwritten(concierge, leads):
    path = leads("number\n600100200\n")
    for words in (["-o", path], ["-o", path.with_name("x"), "--refused", path]):
        assert "must be different files" in concierge("list", "scrub", path, *words).stderr
    assert path.read_bytes() == b"number\n600100200\n"


def test_a_list_that_cannot_be_read_writes_nothing(scrub, leads, listed, home_db):
    home_db.write_bytes(b"rubbish" * 1000)
    done = scrub(leads("number\n600100200\n"))
    assert (done.returncode, done.clean) == (2, None)


def test_a_workbook(scrub, concierge, tmp_path, listed):
    book = openpyxl.Workbook()
    for row in [["id", "telefon"], [1, 600100200], [2, "600100202"], [3, None], [None, None], [4, 600100203]]:
        book.active.append(row)
    book.save(tmp_path / "leads.xlsx")
    out, refused = tmp_path / "c.xlsx", tmp_path / "r.xlsx"
    done = concierge("list", "scrub", tmp_path / "leads.xlsx", "-o", out, "--refused", refused)
    assert "2 callable, 2 refused (listed 1, number-unreadable 1)\n" in done.stdout
    rows = [
        [list(row) for row in openpyxl.load_workbook(one).active.iter_rows(values_only=True)] for one in (out, refused)
    ]
    assert rows[0] == [["id", "telefon"], [2, "600100202"], [4, 600100203]]
    assert rows[1][1] == [1, 600100200, "listed", "1", "asked"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from('0123456789+,;\t|" \r\nż"numbertel'), max_size=120).map(str.encode),
    st.sampled_from([b"", b"number,x\n", b"a;telefon\r\n", b'"number"\r']),
)
def test_the_records_are_the_file(data, head):
    try:
        form, found = exchange.read(io.BytesIO(head + data))
        raws = [raw for leads in found for raw in leads.raws]
    except FileRefused as refused:
        assert str(refused)
        return
    assert all(raws)
    assert (form.header + "".join(raws)).encode(form.codec) == head + data


def test_a_text_that_looks_like_a_formula_stays_a_text(scrub, concierge, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["phone", "note"])
    book.active.append(["600100200", "x"])
    book.active["B2"].value = "=HYPERLINK(1)"
    book.active["B2"].data_type = "s"
    book.save(tmp_path / "leads.xlsx")
    assert concierge("list", "scrub", tmp_path / "leads.xlsx", "-o", tmp_path / "c.xlsx").returncode == 0
    cell = openpyxl.load_workbook(tmp_path / "c.xlsx").active["B2"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")


def test_a_folder_is_no_file_to_write(concierge, tmp_path):
    concierge("db", "upgrade")
    (tmp_path / "leads.csv").write_text("phone\n600100200\n")
    (tmp_path / "out").mkdir()
    done = concierge("list", "scrub", tmp_path / "leads.csv", "-o", tmp_path / "out")
    assert (done.returncode, done.stderr) == (2, f"concierge: {tmp_path}/out: Is a directory\n")


def test_of_a_workbook_with_several_filled_sheets_one_is_chosen(concierge, tmp_path, listed):
    book = openpyxl.Workbook()
    book.active.append(["telefon"])
    book.active.append(["600100200"])
    book.create_sheet("Next").append(["600100202"])
    book.save(tmp_path / "leads.xlsx")
    words = ("list", "scrub", tmp_path / "leads.xlsx", "-o", tmp_path / "clean.xlsx")
    done = concierge(*words)
    assert done.returncode == 2
    assert "several sheets have rows ('Sheet', 'Next'), and one is read; choose with --sheet NAME" in done.stderr
    assert not (tmp_path / "clean.xlsx").exists()
    assert "1 callable, 0 refused" in concierge(*words, "--sheet", "Next").stdout
    assert "0 callable, 1 refused" in concierge(*words, "--sheet", "sheet", "--column", "number=telefon").stdout


def test_a_sheet_of_what_is_no_workbook(scrub, leads):
    done = scrub(leads("telefon\n600100200\n"), "--sheet", "Next")
    assert (done.returncode, "--sheet is for workbooks" in done.stderr) == (2, True)


def test_a_scrub_that_is_killed_leaves_all_of_its_output_or_none(concierge, leads, tmp_path, listed):
    rows = [f"{one},{600100000 + one}\n" for one in range(20_000)]
    path = leads("id,telefon\n" + "".join(rows))
    out, refused = tmp_path / "out" / "clean.csv", tmp_path / "out" / "refused.csv"
    out.parent.mkdir()
    words = ("list", "scrub", path, "-o", out, "--refused", refused)
    began = time.monotonic()
    assert concierge(*words).returncode == 1
    whole, took = (out.read_bytes(), refused.read_bytes()), time.monotonic() - began
    chance = random.Random(5)
    endings = set()
    for _ in range(int(os.environ.get("CONCIERGE_ROUNDS", "6"))):
        for one in out.parent.iterdir():
            one.unlink()
        killed_within(chance.random() * took * 1.2, words)
        found = {one.name: one.read_bytes() for one in out.parent.iterdir()}
        assert found in ({}, {"refused.csv": whole[1]}, {"clean.csv": whole[0], "refused.csv": whole[1]})
        endings.add(len(found))
    assert 0 in endings
    assert concierge(*words).returncode == 1 and out.read_bytes() == whole[0]


def killed_within(seconds, words):
    """The command in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            main([str(word) for word in words])
        finally:
            os._exit(0)
    end = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return
        time.sleep(0.0005)


SPRING = """\
name: spring
reason: new-model
purpose: cards
consent: required
windows: {mon-fri: "09:00-17:00"}
caps: [{key: person, kind: attempt, window: 24h, limit: 1, scope: campaign}]
"""
NOON, NIGHT = "2026-11-23T12:00:00+01:00", "2026-11-23T23:00:00+01:00"
LEADS = """\
id,number,zone,person
1,+48600100200,,p1
2,+48600100202,,p2
3,+48600100203,America/Chicago,p3
4,+48600100204,,p4
5,,,
6,112,,
7,+48600100205,,p5
"""


@pytest.fixture
def spring(concierge, tmp_path, home_db, listed):
    """A listed number, one without consent, one elsewhere, one whose person was called, and a free one."""
    import sqlite3
    from contextlib import closing

    (tmp_path / "spring.yaml").write_text(SPRING)
    assert concierge("campaign", "add", tmp_path / "spring.yaml").returncode == 0
    for number in ("+48600100200", "+48600100203", "+48600100204", "+48600100205"):
        done = concierge(
            *("consent", "add", number, "--topic", "cards", "--source", "form", "--at", "2026-01-01T00:00:00Z")
        )
        assert done.returncode == 0, done.stderr
    columns = "id, number, at, campaign, product, value, person, matter, state, site, consent, outcome, uniqueid, told"
    called = ("x", 48600100999, 1795428000000000, "spring", "", "", "p4", "", "attempt", "", 0, "", "", "")
    with closing(sqlite3.connect(home_db)) as connection:
        connection.execute(f"INSERT INTO contact ({columns}) VALUES ({', '.join('?' * 14)})", called)  # noqa: S608
        connection.commit()


def reasons(done):
    return {row["id"]: row["refused_reason"] for row in csv.DictReader(io.StringIO(done.rest.decode()))}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_at_a_moment_the_whole_policy_is_asked(scrub, leads, spring, concierge, tmp_path, kind):
    path = leads(LEADS.encode())
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in csv.reader(io.StringIO(LEADS)):
            book.active.append([value or None for value in row])
        book.save(tmp_path / "leads.xlsx")
        out, refused = tmp_path / "clean.xlsx", tmp_path / "refused.xlsx"
        words = ("list", "scrub", tmp_path / "leads.xlsx", "-o", out, "--refused", refused)
        done = concierge(*words, "--campaign", "spring", "--at", NOON)
        rows = list(openpyxl.load_workbook(refused).active.iter_rows(values_only=True))
        found = {row[0]: row[rows[0].index("refused_reason")] for row in rows[1:]}
        kept = {row[0] for row in openpyxl.load_workbook(out).active.iter_rows(values_only=True)} - {"id"}
    else:
        done = scrub(path, "--campaign", "spring", "--at", NOON)
        found, kept = reasons(done), {line.split(",")[0] for line in done.clean.decode().splitlines()[1:]}
    assert found["1"] == "listed" and found["2"] == "consent-missing" and found["3"] == "outside-hours"
    assert found["4"] == "cap-reached" and kept - {"5"} == {"6", "7"}
    assert done.returncode == 1 and "for a call at 2026-11-23 11:00Z, as of 20" in done.stdout
    assert "not looked at" not in done.stdout


def test_at_a_moment_it_says_what_the_check_says(scrub, leads, spring, concierge):
    for at in (NOON, NIGHT):
        done = scrub(leads(LEADS.encode()), "--campaign", "spring", "--at", at)
        found = reasons(done)
        for row in csv.DictReader(io.StringIO(LEADS)):
            if row["number"]:
                lead = [f"--lead={key}={row[key]}" for key in ("zone", "person") if row[key]]
                said = concierge("check", row["number"], "--campaign", "spring", "--at", at, "--format", "json", *lead)
                reason = json.loads(said.stdout)["reason"] if said.returncode else ""
                assert found.get(row["id"], "") == reason, row


def test_without_a_moment_it_says_what_it_did_not_look_at(scrub, leads, spring):
    done = scrub(leads(LEADS.encode()), "--campaign", "Spring")
    assert set(reasons(done).values()) == {"listed", "number-unreadable"}  # and the line without any
    assert "not looked at: state, consents, hours, days and caps of campaign Spring; --at TIME" in done.stdout
    assert "is not defined, and the gate refuses" in scrub(leads(LEADS.encode()), "--campaign", "winter").stdout
    assert "not looked at" not in scrub(leads(LEADS.encode())).stdout


def test_a_moment_needs_a_campaign_that_is_defined(scrub, leads, spring):
    for words, why in (((), "name it with --campaign"), (("--campaign", "winter"), "there is no campaign 'winter'")):
        done = scrub(leads(LEADS.encode()), "--at", NOON, *words)
        assert done.returncode == 2 and why in done.stderr
    assert scrub(leads(LEADS.encode()), "--campaign", "spring", "--at", "noon").returncode == 2


def test_at_a_moment_a_number_is_not_refused_for_a_shorter_one_that_is_listed(scrub, leads, concierge, tmp_path):
    """The list is asked for shorter numbers too, and only a number that does not exist stands for one."""
    (tmp_path / "spring.yaml").write_text("name: spring\nconsent: not-needed\ncountry: none\n")
    assert concierge("campaign", "add", tmp_path / "spring.yaml").returncode == 0
    assert concierge("list", "add", "+49301234567", "--reason", "x", "--source", "y").returncode == 0
    path = leads(b"id,number\n1,+493012345678\n2,+49301234567\n3,+4930123456789012\n")
    done = scrub(path, "--campaign", "spring", "--at", NOON)
    for row in csv.DictReader(io.StringIO(path.read_text())):
        code = concierge("check", row["number"], "--campaign", "spring", "--at", NOON).returncode
        assert (row["id"] in reasons(done)) is (code == 1), row
    assert set(reasons(done)) == {"2"}


@pytest.mark.parametrize("number", ["4.86E+11", "4,86001E+11", "'4.86E+11"])
def test_rounded_numbers_are_refused_and_the_file_is_doubted(scrub, leads, number):
    """The others are decided as they stand; what was rounded without showing it nobody can tell."""
    done = scrub(leads(f'id,number\n1,"{number}"\n2,+48600100202\n'.encode()))
    assert reasons(done) == {"1": "number-unreadable"} and done.returncode == 1
    assert "1 refused: a spreadsheet has rounded them, and others perhaps" in done.stdout
    assert "spreadsheet" not in scrub(leads(b"id,number\n2,+48600100202\n")).stdout
