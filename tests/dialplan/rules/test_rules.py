"""Every rule: documented, its own examples true, its fixture equal to its marks in both directions.

A mark is `; expect: CODE[, CODE]` at the end of the line, or `; expect-above: …` on the line below it. Lines that
begin with `;   ` below `; NAME.conf:` are a file of that name beside the plan.
"""

from __future__ import annotations

import re
import types
from collections import Counter
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Severity
from dialplan.lint import Report, lint
from dialplan.plan import load
from dialplan.rule import SECTIONS, Rule, RuleError, choose, from_module, rules
from dialplan.sounds import Sounds
from dialplan.subject import from_files

HERE = Path(__file__).parent
MARK = re.compile(r";\s*expect(?P<above>-above)?:\s*(?P<codes>[CD]\d{3}(?:,\s*[CD]\d{3})*)\s*$")
VERSION = re.compile(r"^; asterisk: (\d+)$", re.MULTILINE)
SOUNDS = re.compile(r"^; --sounds DIR holds: (.*)$", re.MULTILINE)
BESIDE = re.compile(r"^; (?P<name>\w+\.conf):\n(?P<text>(?:;   .*\n)+)", re.MULTILINE)
FIXTURES = sorted(HERE.glob("*.conf"))


def expected(text: str) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        match = MARK.search(line)
        assert match or ("expect:" not in line and "expect-" not in line), (
            f"line {number} holds a mark that cannot be read: {line}"
        )
        if match:
            at = number - 1 if match["above"] else number
            found.update((at, code.strip()) for code in match["codes"].split(","))
    return found


def beside(path: Path) -> dict[str, int]:
    """Write the files that the comments of a plan hold; where each begins in the plan."""
    text = path.read_text(encoding="utf-8")
    made = {}
    for block in BESIDE.finditer(text):
        file = path.parent / block["name"]
        lines = [MARK.sub("", line.removeprefix(";   ")) for line in block["text"].splitlines()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        made[str(file)] = text.count("\n", 0, block.start("text"))
    return made


def judge(path: Path, version: str = "22") -> Report:
    subject = from_files(load(path), tables.load(version))
    held = SOUNDS.search(path.read_text(encoding="utf-8"))
    subject.sounds = Sounds(held[1].split(", ")) if held else None
    return lint(subject, rules())


def found_in(path: Path, version: str = "22") -> Counter[tuple[int, str]]:
    begins = {str(path): 0, **beside(path)}
    findings = judge(path, version).findings
    assert {finding.spot.place.file for finding in findings} <= set(begins)
    return Counter((begins[one.spot.place.file] + one.spot.place.line, one.code) for one in findings)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_a_fixture_gives_exactly_what_it_marks(fixture: Path, tmp_path: Path) -> None:
    text = fixture.read_text(encoding="utf-8")
    version = VERSION.search(text)
    path = tmp_path / "extensions.conf"
    path.write_text(text, encoding="utf-8")
    assert found_in(path, version[1] if version else "22") == expected(text)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
class TestEachRule:
    def test_its_bad_example_is_found_where_it_is_marked(self, rule: Rule, tmp_path: Path) -> None:
        path = tmp_path / "extensions.conf"
        path.write_text(rule.sections["Bad"] + "\n", encoding="utf-8")
        marks = expected(rule.sections["Bad"])
        assert rule.code in {code for _, code in marks}
        assert found_in(path) == marks

    def test_its_good_example_is_clean(self, rule: Rule, tmp_path: Path) -> None:
        path = tmp_path / "extensions.conf"
        path.write_text(rule.sections["Good"] + "\n", encoding="utf-8")
        assert found_in(path) == Counter()

    def test_it_has_a_fixture_with_findings_and_without(self, rule: Rule) -> None:
        fixture = HERE / f"{rule.code.lower()}.conf"
        text = fixture.read_text(encoding="utf-8")
        assert any(code == rule.code for _, code in expected(text)), "no finding is marked"
        assert len(text.splitlines()) > 2 * sum(expected(text).values()), "no look-alike beside the findings"

    def test_its_page_is_complete(self, rule: Rule) -> None:
        assert tuple(rule.sections) == SECTIONS
        page = rule.page()
        assert page.startswith(f"# {rule.code}: {rule.title}\n")
        assert all(f"## {name}\n" in page for name in SECTIONS)
        assert re.fullmatch(r"[CD]\d{3}", rule.code)
        assert re.fullmatch(r"(D([1-9]|10))?", rule.mission)


def test_the_number_of_a_flow_rule_is_its_promise() -> None:
    """Codes are D + number of the rule (rule 10 is 0) + two digits; load errors and names have C."""
    for rule in rules():
        if rule.code.startswith("D") and rule.code not in ("D104", "D109", "D904"):
            assert rule.mission == f"D{rule.code[1] if rule.code[1] != '0' else '10'}", rule.code


def module(**parts: object) -> types.ModuleType:
    made = types.ModuleType("made")
    made.__doc__ = "A title\n\n" + "\n".join(f"{name}\n    text" for name in SECTIONS)
    whole = {"CODE": "D999", "SEVERITY": Severity.INFO, "MISSION": "", "check": lambda _: iter(()), **parts}
    made.__dict__.update({name: value for name, value in whole.items() if value is not None})
    return made


def test_an_incomplete_rule_module_is_refused_with_its_name() -> None:
    assert from_module(module()).title == "A title"
    with pytest.raises(RuleError, match="made has no SEVERITY"):
        from_module(module(SEVERITY=None))
    with pytest.raises(RuleError, match="either check or review"):
        from_module(module(check=None))
    with pytest.raises(RuleError, match="needs a title and, in order"):
        from_module(module(__doc__="A title\n\nGood\n    x\nBad\n    x\n"))
    with pytest.raises(RuleError, match="empty section Good"):
        from_module(module(__doc__=str(module().__doc__).replace("Good\n    text", "Good\n")))


def test_choosing_by_prefix() -> None:
    nine = {rule.code for rule in rules() if rule.code.startswith("D9")}
    assert {rule.code for rule in choose(["d9"], [])} == nine > {"D903", "D904"}
    assert {rule.code for rule in choose(["D9"], ["D904"])} == nine - {"D904"}
    assert choose([], []) == rules()
    assert "C103" not in {rule.code for rule in choose([], ["C"])}
    with pytest.raises(ValueError, match="no rule begins with 'D777'"):
        choose(["D777"], [])
