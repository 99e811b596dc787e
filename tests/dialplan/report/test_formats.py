"""Every format: valid by its schema or its grammar, nothing lost, no credential in it, names that stay."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib import import_module, resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from dialplan.finding import Change, Fix, Severity
from dialplan.light import replace
from dialplan.lint import Report
from dialplan.report import github, gitlab, junit, sarif, text
from dialplan.report import json as json_report
from dialplan.report.shown import Shown, discreet, end_of, fingerprints, with_keys

GOLDEN = Path(__file__).parent / "golden"
PLANS = sorted(GOLDEN.glob("*.conf"))
FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
Judge = Callable[[str], tuple[Report, Shown]]


def read(plan: Path) -> str:
    return plan.read_text(encoding="utf-8")


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_text_is_what_was_read_and_approved(plan: Path, judge: Judge) -> None:
    """When a change is wanted: look at it, and write the new text."""
    assert text.render(*judge(read(plan))) == plan.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_json_is_what_its_schema_says(plan: Path, judge: Judge) -> None:
    schema = json.loads(resources.files("dialplan.report").joinpath("data/lint.schema.json").read_text("utf-8"))
    document = json.loads(json_report.render(*judge(read(plan))))
    jsonschema_rs.validator_for(schema).validate(document)
    assert document["version"] == json_report.VERSION == schema["properties"]["version"]["const"]
    document["findings"].append({"code": "D1"})
    assert not jsonschema_rs.validator_for(schema).is_valid(document)


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_sarif_is_valid_and_holds_every_witness(plan: Path, judge: Judge) -> None:
    report, shown = judge(read(plan))
    document = json.loads(sarif.render(report, shown))
    Sarif.model_validate(document)
    run = document["runs"][0]
    declared = run["tool"]["driver"]["rules"]
    for finding, result in zip(report.findings, run["results"], strict=True):
        assert declared[result["ruleIndex"]]["id"] == result["ruleId"] == finding.code
        steps = finding.witness.steps if finding.witness else ()
        flows = result.get("codeFlows", [])
        assert len(flows) == bool(steps)
        if steps:
            locations = flows[0]["threadFlows"][0]["locations"]
            lines = [one["location"]["physicalLocation"]["region"]["startLine"] for one in locations]
            assert lines == [step.place.line for step in steps]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert set(uris) <= {"extensions.conf"}
    said = run["invocations"][0]["toolExecutionNotifications"]
    assert len(said) == len(report.unknown)


def test_the_model_of_sarif_refuses_what_the_schema_refuses(judge: Judge) -> None:
    document = json.loads(sarif.render(*judge("[a]\nexten => s,1,Goto(b,s,1)\n")))
    document["runs"][0]["results"][0]["lines"] = 3
    with pytest.raises(ValidationError, match="lines"):
        Sarif.model_validate(document)


def test_names_of_files_in_sarif_are_those_of_the_repository(tmp_path: Path, judge: Judge) -> None:
    report, shown = judge("[a]\nexten => s,1,Goto(b,s,1)\n")
    [finding] = report.findings

    def uri(file: str) -> dict[str, str]:
        spot = replace(finding.spot, place=finding.spot.place._replace(file=file))
        made = json.loads(sarif.render(replace(report, findings=(replace(finding, spot=spot),)), shown))
        found: dict[str, str] = made["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        return found

    assert uri(str(tmp_path / "etc" / "a b.conf")) == {"uri": "etc/a%20b.conf", "uriBaseId": "%SRCROOT%"}
    assert uri("/elsewhere/ü.conf") == {"uri": "file:///elsewhere/%C3%BC.conf"}
    assert uri("<stdin>") == {"uri": "stdin", "uriBaseId": "%SRCROOT%"}


def test_fixes_are_in_json_and_in_sarif(judge: Judge) -> None:
    jumps = "[in]\nexten => s,1,Goto(b|s|1)\nexten => 2,1,Gosub(c,s,1)\n"
    report, shown = judge(f"{jumps}[b]\nexten => s,1,Dial(X/1)\n[c]\nexten => s,1,Answer()\n")
    fix = Fix("commas", (Change("extensions.conf", 2, "exten => s,1,Goto(b|s|1)", ("exten => s,1,Goto(b,s,1)",)),))
    more = Fix("Return", (Change("extensions.conf", 7, None, (" same => n,Return()",)),))
    found = tuple(replace(finding, fix=fix if finding.code == "D102" else more) for finding in report.findings)
    document = json.loads(sarif.render(replace(report, findings=found), shown))
    Sarif.model_validate(document)
    regions = [
        result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]
        for result in document["runs"][0]["results"]
    ]
    assert {"startLine": 2, "startColumn": 1, "endColumn": 25} in regions
    assert {"startLine": 8, "startColumn": 1, "endLine": 8, "endColumn": 1} in regions
    schema = json.loads(resources.files("dialplan.report").joinpath("data/lint.schema.json").read_text("utf-8"))
    made = json.loads(json_report.render(replace(report, findings=found), shown))
    jsonschema_rs.validator_for(schema).validate(made)
    assert {"title": "commas", "changes": [fix.changes[0].as_dict()]} in [one["fix"] for one in made["findings"]]


COMMAND = re.compile(
    r"::(error|warning|notice) file=[^:,\r\n]*,line=\d+(,col=\d+)?(,endColumn=\d+)?,title=[^:,\r\n]+::[^\r\n]+"
)


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_github_takes_every_line_as_a_command(plan: Path, judge: Judge) -> None:
    report, shown = judge(read(plan))
    lines = github.render(report, shown).splitlines()
    assert len(lines) == len(report.findings) + bool(report.unknown)
    assert all(COMMAND.fullmatch(line) for line in lines), lines


def test_github_escapes_what_would_end_a_command(judge: Judge) -> None:
    report, shown = judge("[a]\nexten => s,1,Goto(b,s,1)\n")
    bad = replace(report.findings[0], message="50%\nof, it: all", witness=None)
    bad = replace(bad, spot=replace(bad.spot, place=bad.spot.place._replace(file="a,b:c%.conf")))
    [line] = github.render(replace(report, findings=(bad,)), shown).splitlines()
    assert "file=a%2Cb%3Ac%25.conf," in line
    assert line.endswith("::50%25%0Aof, it: all")


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_gitlab_has_the_fields_that_its_widget_needs(plan: Path, judge: Judge) -> None:
    report, shown = judge(read(plan))
    issues = json.loads(gitlab.render(report, shown))
    assert len(issues) == len(report.findings)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["check_name"] and issue["description"]
        assert issue["location"]["path"] == "extensions.conf"
        assert issue["location"]["lines"]["begin"] >= 1


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
@pytest.mark.parametrize("fail_on", [Severity.INFO, Severity.ERROR])
def test_junit_fails_what_counts_and_its_numbers_add_up(plan: Path, fail_on: Severity, judge: Judge) -> None:
    report, shown = judge(read(plan))
    root = ElementTree.fromstring(junit.render(report, replace(shown, fail_on=fail_on)))  # noqa: S314 - our own text
    failed = root.findall("testsuite/testcase/failure")
    assert len(failed) == sum(finding.severity >= fail_on for finding in report.findings)
    assert int(root.attrib["failures"]) == len(failed)
    assert int(root.attrib["tests"]) == len(root.findall("testsuite/testcase"))
    for suite in root:
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    if not report.findings:
        assert root.find("testsuite/testcase[@name='clean']") is not None


def test_junit_holds_no_letter_that_xml_forbids(judge: Judge) -> None:
    report, shown = judge("[a]\nexten => s,1,Goto(b,s,1)\n")
    bad = replace(report.findings[0], message="a\x00\x1b\ud800<&>\"'")
    root = ElementTree.fromstring(junit.render(replace(report, findings=(bad,)), shown))  # noqa: S314
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "a���<&>\"'"


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_holds_a_credential(form: str, judge: Judge) -> None:
    report, shown = judge(read(GOLDEN / "secret.conf"))
    rendered = import_module(f"dialplan.report.{form}").render(report, shown)
    assert len(report.findings) > 1
    assert not re.search("s3cretValue|other4|4711", rendered)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("AMPMGRPASS = abcdef", "AMPMGRPASS = ***"),
        ("exten => s,1,Authenticate(4711,a)", "exten => s,1,Authenticate(***)"),
        ("exten => s,1,MYSQL(Connect c host user pass db)", "exten => s,1,MYSQL(***)"),
        ("exten => s,1,Set(MY_PASSWORD=abc)", "exten => s,1,Set(MY_PASSWORD=***)"),
        ("exten => s,1,Set(COLOUR=blue)", "exten => s,1,Set(COLOUR=blue)"),
        ("exten => s,1,Dial(IAX2/me:xyz@peer/5,20)", "exten => s,1,Dial(IAX2/me:***@peer/5,20)"),
        ("same => n,Dial(PJSIP/a/sip:5:xyz@h&SIP/b)", "same => n,Dial(PJSIP/a/sip:5:***@h&SIP/b)"),
        ("same => n,Dial(PJSIP/a/sip:5@h:5060,20)", "same => n,Dial(PJSIP/a/sip:5@h:5060,20)"),
        ("exten => s,1,Goto(authority-abcd,s,1)", "exten => s,1,Goto(authority-***,s,1)"),
    ],
)
def test_lines_are_shown_without_credentials(line: str, shown: str) -> None:
    assert discreet(line, ["abcd"]) == shown


def test_a_fingerprint_stays_when_lines_move_and_differs_for_what_is_there_twice(judge: Judge) -> None:
    plan = "[a]\nexten => s,1,Goto(b,s,1)\n[c]\nexten => s,1,Goto(b,s,1)\nexten => s,n,Goto(b,s,1)\n"
    before = fingerprints(*judge(plan))
    after = fingerprints(*judge("; a new first line\n\n" + plan.replace("[c]", "\n[c]\n; and here")))
    assert before == after
    assert len(set(before)) == len(before) > 2
    changed = fingerprints(*judge(plan.replace("[a]\nexten => s,1,Goto(b", "[a]\nexten => s,1,Goto(d")))
    assert len(set(before) & set(changed)) == len(before) - 1


def test_columns_are_characters_and_end_before_the_comment(judge: Judge) -> None:
    report, shown = judge(read(GOLDEN / "encoding.conf"))
    [finding] = [one for one in report.findings if one.code == "D101"]
    line = shown.line(finding.spot.place)
    assert line is not None and finding.end_column is not None
    assert line[finding.spot.place.column - 1 : finding.end_column - 1] == "Goto(überall,s,1)"
    assert end_of(r"a \; b ; c", 1) == 7
    assert end_of("abc", 5) is None


def test_every_key_stands_at_the_step_where_it_is_pressed(judge: Judge) -> None:
    report, _ = judge(read(GOLDEN / "deep_witness.conf"))
    [finding] = [one for one in report.findings if one.code == "D101"]
    assert finding.witness is not None
    pressed = [(step.context, way.value) for step, ways in with_keys(finding.witness) for way in ways]
    assert pressed == [("menu-1", "1"), ("menu-2", "1"), ("menu-3", "1")]
