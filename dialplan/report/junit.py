"""JUnit's XML: a suite for each file, a failed case for each finding that counts, a passed one for a clean file."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from dialplan.finding import Finding, Severity, Unknown
from dialplan.lint import Report
from dialplan.report.shown import Shown, relative
from dialplan.report.text import way


def render(report: Report, shown: Shown | None = None) -> str:
    """Findings below --fail-on pass and are named in the case's output; what was not proven is skipped."""
    shown = shown or Shown()
    suites = []
    files = dict.fromkeys(report.files)
    files.update(dict.fromkeys(finding.spot.place.file for finding in report.findings))
    for file in files:
        here = [finding for finding in report.findings if finding.spot.place.file == file]
        open_ones = [item for item in report.unknown if item.spot.place.file == file]
        suites.append(_suite(file, here, open_ones, shown))
    tests = max(sum(suite[1] for suite in suites), 0)
    failures = sum(suite[2] for suite in suites)
    head = f'<testsuites name="concierge lint" tests="{tests}" failures="{failures}" errors="0">'
    body = "".join(suite[0] for suite in suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{body}</testsuites>\n'


def _suite(file: str, findings: list[Finding], unknown: list[Unknown], shown: Shown) -> tuple[str, int, int]:
    name = relative(file)
    cases = [_case(finding, name, shown) for finding in findings]
    failed = sum(_counts(finding, shown) for finding in findings)
    if not findings:
        cases.append(f'    <testcase name="clean" classname={_quoted(name)}/>\n')
    cases += [_skipped(item, name) for item in unknown]
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{len(unknown)}"'
    return f"  <testsuite name={_quoted(name)} {counts}>\n{''.join(cases)}  </testsuite>\n", len(cases), failed


def _case(finding: Finding, name: str, shown: Shown) -> str:
    place = finding.spot.place
    where = f"{name}:{place.line}:{place.column}"
    head = f"    <testcase name={_quoted(f'{finding.code} {where}')} classname={_quoted(name)}>\n"
    text = _clean("\n".join([f"{where}: {finding.code} {finding.message}", *way(finding.witness)]))
    if not _counts(finding, shown):
        return f"{head}      <system-out>{escape(text)}</system-out>\n    </testcase>\n"
    kind = f"type={_quoted(str(finding.severity))} message={_quoted(finding.message)}"
    return f"{head}      <failure {kind}>{escape(text)}</failure>\n    </testcase>\n"


def _counts(finding: Finding, shown: Shown) -> bool:
    """What a GUI writes by itself counts as information."""
    return (Severity.INFO if finding.own else finding.severity) >= shown.fail_on


def _skipped(item: Unknown, name: str) -> str:
    where = f"not proven: {item.reason} {name}:{item.spot.place.line}"
    head = f"    <testcase name={_quoted(where)} classname={_quoted(name)}>\n"
    return f"{head}      <skipped message={_quoted(item.message)}/>\n    </testcase>\n"


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """XML 1.0 has no control characters but tab and the ends of lines, and no lone surrogates."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "�" for c in text
    )
