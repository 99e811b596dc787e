"""The frame around the rules: what is unknown is said, what is suppressed is counted, secrets stay inside."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Finding, Severity
from dialplan.follow import Outcome, follow
from dialplan.lint import Report, lint, merge
from dialplan.plan import loads
from dialplan.report import json as json_report
from dialplan.report import text as text_report
from dialplan.rule import choose, index_page, rules
from dialplan.subject import Subject, from_files
from dialplan.suppression import read

ROOT = Path(__file__).parents[3]


def subject(text: str, name: str = "extensions.conf") -> Subject:
    plan = loads(text.encode(), name, main=name.startswith("extensions.conf"))
    return from_files(plan, tables.load("22"), {name: text})


def report(text: str, name: str = "extensions.conf") -> Report:
    return lint(subject(text, name), rules())


def unknown(text: str, name: str = "extensions.conf") -> Counter[str]:
    return Counter(str(item.reason) for item in report(text, name).unknown)


def test_computed_jumps_and_programs_are_unknown_and_not_clean() -> None:
    lines = ("s,1,Goto(${X})", "s,2,AGI(x)", "s,3,Ours()", "s,4,Gosub(a,${Y},1)")
    text = "[a]\n" + "".join(f"exten => {line}\n" for line in lines)
    found = report(text)
    assert unknown(text) == {"computed-target": 2, "outside-program": 1, "unknown-application": 1}
    assert [finding.code for finding in found.findings] == ["C103"]
    said = text_report.render(report(text.replace("exten => s,3,Ours()\n", "")))
    assert "not proven: 3 places" in said
    assert "nothing found in what could be followed" in said


def test_switches_and_files_in_other_languages_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "extensions.ael").write_text("context from-ael { s => Hangup(); };", encoding="utf-8")
    path = tmp_path / "extensions.conf"
    path.write_text(
        "[a]\nswitch => Realtime/x\nexten => s,1,GotoIf($[${A} > 1]?from-ael,s,1)\nexten => s,2,Goto(b,s,1)\n"
    )
    from dialplan.plan import load

    found = lint(from_files(load(path), tables.load("22")), rules())
    assert [(finding.code, finding.spot.place.line) for finding in found.findings] == [("D101", 4)]
    reasons = Counter(str(item.reason) for item in found.unknown)
    assert reasons == {"outside-the-files": 2, "not-covered": 2}


def test_a_file_on_its_own_may_lean_on_others() -> None:
    library = "[a]\nexten => s,1,Gosub(elsewhere,s,1)\nexten => s,2,Goto(other,s,1)\n"
    assert unknown(library, "part.conf") == {"outside-the-files": 2}
    assert not report(library, "part.conf").findings
    assert len(report(library).findings) == 2
    mostly_here = (
        "[a]\nexten => s,1,GotoIf($[${A} > 1]?b,s,1)\nexten => s,2,Goto(typo,s,1)\n[b]\nexten => s,1,Hangup()\n"
    )
    assert [finding.code for finding in report(mostly_here, "part.conf").findings] == ["D101"]


def test_a_dialplan_that_does_not_load_is_not_judged_and_says_so() -> None:
    found = report("[a\nexten => s,1,Goto(nowhere,s,1)\n")
    assert [finding.code for finding in found.findings] == ["C101"]
    assert [str(item.reason) for item in found.unknown] == ["not-loaded"]


def test_a_jump_that_depends_on_the_including_context_is_unknown_unless_the_context_is_entered() -> None:
    text = "[in]\nexten => s,1,Goto(x,1)\n[out]\ninclude => in\nexten => x,1,Hangup()\n"
    assert unknown(text) == {"depends-on-context": 1}
    entered = text + "[from]\nexten => s,1,Goto(in,s,1)\n"
    assert [finding.code for finding in report(entered).findings] == ["D101"]


def test_suppressions_speak_for_their_line_or_the_next_one() -> None:
    text = (
        "; concierge: ignore D101 -- one\n"
        ";concierge:ignore c103 , D102--two\n"
        "exten => s,1,X() ; note ; concierge: ignore D301 -- three\n"
        "; concierge: ignore all\n"
        "; concierge: ignore D903"
    )
    read_ones = [(item.code, item.reason, item.line, item.place.line) for item in read("f", text)]
    assert read_ones == [
        ("D101", "one", 3, 1),
        ("C103", "two", 3, 2),
        ("D102", "two", 3, 2),
        ("D301", "three", 3, 3),
        ("", "-", 4, 4),  # somebody wanted to write one
        ("D903", "", 5, 5),
    ]


def test_suppressed_findings_are_counted_and_a_rule_that_did_not_run_is_not_called_unused() -> None:
    text = "[a]\nexten => s,1,Goto(b,s,1) ; concierge: ignore D101 -- why\nexten => s,2,Hangup()\n"
    found = report(text)
    assert (found.findings, found.suppressed) == ((), 1)
    assert "1 suppressed in the files" in text_report.render(found)
    only_others = lint(subject(text), choose(["C9", "D3"], []))
    assert only_others.findings == ()


def test_no_credential_of_a_global_is_printed() -> None:
    text = "[globals]\nDB_PASSWORD=hunter2secret\n[a]\nexten => ${DB_PASSWORD},1,Goto(nothing)\n"
    rendered = json_report.render(report(text)) + text_report.render(report(text))
    assert "D101" in rendered
    assert "hunter2secret" not in rendered
    assert "***" in rendered


def test_json_has_the_fields_that_programs_rely_on() -> None:
    document = json.loads(json_report.render(report("[a]\nexten => s,1,Goto(b,s,1)\nexten => s,2,Goto(${X})\n")))
    assert list(document) == ["version", "findings", "summary", "unknown"]
    assert document["version"] == 1
    assert document["findings"] == [
        {
            "code": "D101",
            "severity": "error",
            "message": "Goto to b,s,1: there is no context [b]: the call is cut off here",
            "file": "extensions.conf",
            "line": 2,
            "column": 14,
            "context": "a",
            "exten": "s",
            "priority": 1,
            "end_column": None,
            "witness": {
                "entry": "a,s,1",
                "keys": [],
                "results": [],
                "seconds": 0,
                "steps": [
                    {
                        "context": "a",
                        "exten": "s",
                        "priority": 1,
                        "file": "extensions.conf",
                        "line": 2,
                        "application": "Goto",
                    }
                ],
                "verdict": "there is no context [b]",
            },
            "fix": None,
        }
    ]
    assert document["unknown"][0]["reason"] == "computed-target"
    assert document["unknown"][0]["line"] == 3
    assert document["summary"]["errors"] == 1
    assert document["summary"]["unknown"] == 1


def test_text_has_one_line_a_finding_and_a_sum() -> None:
    lines = text_report.render(report("[a]\nexten => s,1,Goto(b,s,1)\n")).splitlines()
    assert lines == [
        "extensions.conf:2:14: D101 Goto to b,s,1: there is no context [b]: the call is cut off here",
        "  caller: does nothing",
        "    a,s,1  extensions.conf:2  Goto",
        "    there is no context [b]",
        "1 error (1 priority in 1 file)",
    ]
    clean = text_report.render(report("[a]\nexten => s,1,Hangup()\n"))
    assert clean == "nothing found (1 priority in 1 file)\n"


def test_reports_add_up_and_know_their_worst() -> None:
    one, other = report("[a]\nexten => s,1,Goto(b,s,1)\n"), report("[a]\nexten => _.,1,Hangup()\n")
    both = merge([one, other])
    assert (both.count(Severity.ERROR), both.count(Severity.WARNING)) == (1, 1)
    assert (both.worst(), other.worst(), Report().worst()) == (Severity.ERROR, Severity.WARNING, None)
    assert both.priorities == 2
    assert all(isinstance(finding, Finding) for finding in both.findings)


@pytest.mark.parametrize(
    ("lines", "outcome", "steps"),
    [
        (["s,1,NoOp()", "s,2,Hangup()"], Outcome.HANGUP, 2),
        (["s,1,NoOp()"], Outcome.FALLS_OFF, 1),
        (["s,1,NoOp()", "s,2,Goto(1)"], Outcome.LOOP, 2),
        (["s,1,Goto(9,1)", "9,1,Busy()"], Outcome.HANGUP, 2),
        (["s,1,Goto(9,1)"], Outcome.OPEN, 1),
        (["s,1,GotoIf($[1]?1)", "s,2,Hangup()"], Outcome.OPEN, 1),
        (["s,1,Dial(PJSIP/1)", "s,2,Hangup()"], Outcome.OPEN, 1),
        (["s,1,NoOp()", "_X,2,NoOp()", "_[st],2,Hangup()"], Outcome.OPEN, 1),
        (["s,1,Goto(9,1)", "9,1,Hangup()", "9/1,1,Answer()"], Outcome.OPEN, 1),
    ],
)
def test_following_goes_only_where_nothing_else_decides(lines: list[str], outcome: Outcome, steps: int) -> None:
    made = subject("[a]\n" + "".join(f"exten => {line}\n" for line in lines))
    start = next(one for one in made.steps() if one.extension.pattern == "s" and one.step.priority == 1)
    path, how = follow(made, start)
    assert (how, len(path)) == (outcome, steps)


def test_the_pages_in_docs_are_those_of_the_rules() -> None:
    folder = ROOT / "docs" / "rules"
    wanted = {f"{rule.code}.md": rule.page() for rule in rules()} | {"README.md": index_page()}
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert there == wanted, "run: python -m dialplan.rule docs/rules"


def test_a_table_of_destinations_that_is_missing_is_a_warning() -> None:
    text = "[a]\nexten => 1,1,Goto(group,${G},1)\nexten => _2X,1,Goto(b,${EXTEN:1},1)\nexten => 3,1,Goto(c,s,1)\n"
    setting = "exten => 4,1,Set(G=${DB(group/${EXTEN})})\n"
    found = {one.spot.place.line: one.severity for one in report(text + setting).findings if one.code == "D101"}
    assert found == {2: Severity.WARNING, 3: Severity.ERROR, 4: Severity.ERROR}


def test_a_shared_limit_that_calls_set_back_is_worded_so() -> None:
    text = """[from-trunk]
exten => s,1,Answer()
same => n(menu),Background(welcome)
same => n,WaitExten(5)
exten => 1,1,Dial(PJSIP/1,30)
exten => i,1,Set(GLOBAL(N)=$[0${GLOBAL(N)} + 1])
same => n,GotoIf($[${GLOBAL(N)} < 3]?s,menu)
same => n,Dial(PJSIP/0,30)
exten => t,1,Dial(PJSIP/0,30)
exten => 9,1,Set(GLOBAL(N)=0)
same => n,Dial(PJSIP/9,30)
"""
    [one] = [one for one in report(text).findings if one.code == "D306"]
    assert one.message.endswith("who calls meanwhile sets it back")
    [other] = [one for one in report(text.replace("GLOBAL(N)=0", "M=0")).findings if one.code == "D306"]
    assert other.message.endswith("it does not begin anew")


def test_such_tables_are_told_once_where_nothing_in_the_files_sets_their_number() -> None:
    text = "[a]\nexten => 1,1,Goto(group,${G:4},1)\nexten => 2,1,Goto(group,${H},1)\nexten => 3,1,Goto(other,${G},1)\n"
    found = [one for one in report(text).findings if one.code == "D101"]
    assert [(one.spot.place.line, one.severity) for one in found] == [(2, Severity.INFO), (4, Severity.INFO)]
    assert found[0].message.endswith("here and in 1 more")
