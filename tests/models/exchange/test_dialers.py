"""The lists of VICIDIAL, FreePBX and Issabel."""

import pytest

from models.exchange.kinds import FileRefused


def test_vicidial_lines_and_wildcards(read):
    found = read("vicidial", "2125551234\n201XXXXXXX\n212555XXXX\nxxx\n", "US")
    assert [(entry.number, entry.last) for entry in found.entries] == [
        (12125551234, None),
        (12010000000, 12019999999),
        (12125550000, 12125559999),
    ]
    assert list(found.whys) == [4]


def test_a_short_number_without_wildcard_is_no_prefix(read):
    found = read("vicidial", "201\n2015\n", "US")
    assert found.numbers == []
    assert list(found.whys) == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        "phone_number\tcampaign_id\n2125551234\tSPRING\n2125551235\t-SYSINT-\n",
        "2125551234,SPRING\n2125551235,SYSTEM_INTERNAL\n",
    ],
)
def test_vicidial_tables(read, data):
    found = read("vicidial-campaign", data, "US")
    assert [(entry.number, entry.campaign) for entry in found.entries] == [(12125551234, "spring"), (12125551235, "")]


DUMP = """\
/blacklist/+48600100200                           : 1                        
/blacklist/600100201                              : asked &amp; got it/Call     
/blacklist/600100202                              : he said &quot;no&quot;: twice/Both
/blacklist/600100203                              : spam/Sms                 
/blacklist/blocked                                : 1                        
/blacklist/dest                                   : app-blackhole,hangup,1   
/AMPUSER/600100204/cidname                        : somebody                 
/blacklist/abc                                    :                          
8 results found.
"""  # noqa: W291


def test_the_blacklist_of_freepbx_without_its_settings(read):
    found = read("astdb", DUMP)
    assert [(entry.number % 1000, entry.reason) for entry in found.entries] == [
        (200, ""),
        (201, "asked & got it"),
        (202, 'he said "no": twice'),
    ]
    assert {line: why[:7] for line, why in found.whys.items()} == {4: "it bloc", 8: "letters"}


def test_a_dump_that_was_cut_is_refused(read):
    lines = DUMP.splitlines(keepends=True)
    with pytest.raises(FileRefused, match="says 8 results and has 7"):
        read("astdb", "".join(lines[1:]))


def test_lines_that_no_dump_has_are_named(read):
    found = read("astdb", "Privilege: Command\n/blacklist/600100200 : 1\nNo such command\n")
    assert found.numbers == [48600100200]
    assert list(found.whys) == [1, 3]


@pytest.mark.parametrize("head", ["number,description\n", ""])
def test_the_csv_of_freepbx(read, head):
    found = read("freepbx", f'{head}600100200,"a &lt;b&gt;"\n600100201,1\n')
    assert [(entry.number % 1000, entry.reason) for entry in found.entries] == [(200, "a <b>"), (201, "1")]


@pytest.mark.parametrize("head", ["caller_id,date_income,status\n", ""])
def test_issabel_takes_what_is_active(read, head):
    found = read("issabel", f"{head}600100200,2026-01-02 03:04:05,A\n600100201,2026-01-02 03:04:05,I\n")
    assert found.numbers == [48600100200]
    assert found.entries[0].at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert list(found.whys.values()) == ["its status says that it is not in force"]
