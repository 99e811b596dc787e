"""The tables say what Asterisk's documentation says, and the effects leave no application out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dialplan.applications import effects, generate, tables
from dialplan.applications.docs import DocsError, from_text, from_xml
from dialplan.applications.effect import Kind
from dialplan.applications.tables import Parameter, Table

SMALL = """<docs><application name="Jump" language="en_US"><syntax argsep="?">
<parameter name="condition" required="true"/>
<parameter name="where" argsep=":"><argument name="label"/></parameter>
<parameter name="options"><optionlist><option name="g"><argument name="context" required="yes"/></option>
</optionlist><para>prose</para></parameter></syntax>
<description><variablelist>
<variable name="JUMPSTATUS"><value name="OK">prose</value><value name="BAD"/></variable>
<variable name="OTHER"/></variablelist></description></application>
<function name="LEN" language="en_US"/></docs>"""


def test_a_documentation_element_becomes_names_without_prose() -> None:
    table = from_text(SMALL, "99.1")
    jump = table.find("JUMP")
    assert jump is not None
    assert (jump.separator, [p.name for p in jump.parameters]) == ("?", ["condition", "where", "options"])
    assert [p.required for p in jump.parameters] == [True, False, False]
    assert jump.parameters[1].arguments == (Parameter("label"),)
    assert jump.parameters[2].options == {"g": (Parameter("context", required=True),)}
    assert jump.status == {"JUMPSTATUS": ("OK", "BAD")}
    assert table.functions == {"LEN"}
    assert "prose" not in table.to_json()


def test_two_modules_that_document_one_application_are_merged() -> None:
    text = """<docs>
    <application name="V"><syntax><parameter name="o"><optionlist><option name="a"/></optionlist>
    </parameter></syntax></application><application name="V"><syntax><parameter name="o"><optionlist>
    <option name="b"/></optionlist></parameter><parameter name="p"/></syntax></application></docs>"""
    merged = from_text(text, "1").find("v")
    assert merged is not None
    assert [(p.name, sorted(p.options)) for p in merged.parameters] == [("o", ["a", "b"]), ("p", [])]


@pytest.mark.parametrize("text", ["", "<docs", "<docs/>", "<html><application name='x'/></html>"])
def test_what_is_not_documentation_is_refused_with_a_reason(text: str, tmp_path: Path) -> None:
    path = tmp_path / "core-en_US.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocsError, match=r"core-en_US\.xml: .+"):
        from_xml(path)
    with pytest.raises(DocsError, match="cannot be read"):
        from_xml(tmp_path / "none.xml")


def test_a_source_tree_gives_the_same_table_as_its_documentation_file(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    inner = SMALL.removeprefix("<docs>").removesuffix("</docs>")
    application, function = inner.split("<function", 1)
    (tmp_path / "apps" / "app_jump.c").write_text(
        f"#include <x.h>\n/*** DOCUMENTATION\n{application}\n ***/\nint a; /* ***/", encoding="utf-8"
    )
    (tmp_path / "apps" / "more_doc.xml").write_text(f"<?xml?><docs><function{function}</docs>", encoding="utf-8")
    assert generate.from_sources(tmp_path, "99.1") == from_text(SMALL, "99.1")


def test_the_generator_writes_what_the_loader_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "docs.xml"
    source.write_text(SMALL, encoding="utf-8")
    assert generate.main(["99.1", str(source), "--output", str(tmp_path)]) == 0
    written = (tmp_path / "99.json").read_text(encoding="utf-8")
    assert tables.from_json(written) == from_text(SMALL, "99.1")
    assert "1 applications, 1 functions" in capsys.readouterr().out
    assert generate.main(["99.1", str(tmp_path / "none.xml"), "--output", str(tmp_path)]) == 2


@pytest.mark.parametrize("version", ["16", "18", "20", "22"])
def test_committed_tables_survive_a_round_trip(version: str) -> None:
    table = tables.load(version)
    assert table.version.startswith(f"{version}.")
    assert tables.from_json(table.to_json()) == table
    assert (tables.DATA / f"{version}.json").read_text(encoding="utf-8") == table.to_json()


def test_the_versions_differ_as_asterisk_does() -> None:
    has = {version: set(tables.load(version).applications) for version in tables.VERSIONS}
    assert {v for v in has if "macro" in has[v]} == {"16", "18", "20"}
    assert {v for v in has if "if" in has[v]} == {"18", "20", "22"}
    assert {v for v in has if "mailboxexists" in has[v]} == {"16"}
    assert all({"goto", "dial", "queue", "waitexten", "background"} <= names for names in has.values())
    assert (len(has["16"]), len(has["22"])) == (215, 200)
    dial = tables.load("22").find("Dial")
    assert dial is not None
    assert "NOANSWER" in dial.status["DIALSTATUS"]
    assert "GOSUB_RESULT" not in dial.status  # the called side sets it; it is described among the options
    with pytest.raises(KeyError, match="no table for Asterisk 13; there are 16, 18, 20, 22"):
        tables.load("13")


def every_application() -> dict[str, list[tables.Application]]:
    found: dict[str, list[tables.Application]] = {}
    for version in tables.VERSIONS:
        for name, application in tables.load(version).applications.items():
            found.setdefault(name, []).append(application)
    return found


def test_every_application_of_every_version_has_one_row_and_no_row_is_idle() -> None:
    rows = [effect.name.lower() for effect in effects._rows()]
    assert sorted(rows) == sorted(set(rows)), "an application has two rows"
    assert set(rows) == set(every_application())


def test_every_documented_status_variable_is_in_the_row() -> None:
    for name, applications in every_application().items():
        row = effects.EFFECTS[name]
        for application in applications:
            assert set(application.status) <= set(row.status), name
            for over in row.over:
                assert any(over.split()[0] in values for values in application.status.values()) or not (
                    application.status
                ), (name, over)


PLACE_WORDS = ("context", "exten", "priority", "label", "destination")
# Parameters that are named like a place in the dialplan and are none.
NOT_A_PLACE = {
    "dahdisendcallreroutingfacility": "a number for the network",
    "mailboxexists": "a mailbox",
    "messagesend": "an address",
    "mixmonitor": "a file name's ending",
    "osplookup": "a number",
    "pickup": "whose ringing call to take",
    "transfer": "where the peer is told to go",
    "vmsayname": "a mailbox",
    "voicemailplaymsg": "a mailbox",
}


def place_like(parameters: tuple[Parameter, ...]) -> bool:
    return any(
        any(word in parameter.name.lower() for word in PLACE_WORDS)
        or place_like(parameter.arguments)
        or any(place_like(arguments) for arguments in parameter.options.values())
        for parameter in parameters
    )


def test_every_application_with_a_place_among_its_parameters_says_where_it_jumps() -> None:
    named = {name for name, apps in every_application().items() if any(place_like(a.parameters) for a in apps)}
    assert len(named) >= 31
    without = {name for name in named if not effects.EFFECTS[name].jumps}
    assert without == set(NOT_A_PLACE)


def test_jump_places_point_at_arguments_and_options_that_exist() -> None:
    for name, applications in every_application().items():
        for jump in effects.EFFECTS[name].jumps:
            word, _, rest = jump.place.partition(" ")
            assert word in (
                "target",
                "branches",
                "argument",
                "option",
                "variable",
                "extension",
                "queues.conf",
                "any",
            )
            if word == "option":
                assert any(rest in p.options for a in applications for p in a.parameters), (name, rest)
            if word == "argument":
                assert any(len(a.parameters) >= int(rest) for a in applications), (name, rest)


def test_programs_may_send_a_call_anywhere() -> None:
    external = {e.name for e in effects.EFFECTS.values() if any(j.kind is Kind.EXTERNAL for j in e.jumps)}
    assert external == {"AGI", "EAGI", "DeadAGI", "Stasis", "StasisBroadcast", "ExternalIVR"}


def test_a_name_nobody_described_is_unknown() -> None:
    assert effects.find("Dial") is effects.find(" dIAL ")
    assert effects.find("Dail") is None


def test_the_data_holds_names_only() -> None:
    """No text of the documentation: every string is short and has no sentence in it."""

    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [s for pair in value.items() for part in pair for s in strings(part)]
        return [s for item in value for s in strings(item)] if isinstance(value, list) else []

    for version in tables.VERSIONS:
        for text in strings(json.loads((tables.DATA / f"{version}.json").read_text(encoding="utf-8"))):
            assert len(text) <= 60, text
            assert ". " not in text, text


def test_tables_are_comparable_values() -> None:
    assert isinstance(tables.load("22"), Table)
    assert tables.load("22") is tables.load("22")
