"""GitLab's code quality report: a JSON list that the merge request's widget reads."""

from __future__ import annotations

import json
from typing import Any

from dialplan.finding import Finding, Severity
from dialplan.lint import Report
from dialplan.report.shown import Shown, fingerprints, relative
from dialplan.report.text import way

LEVELS = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(report: Report, shown: Shown | None = None) -> str:
    """One issue a finding; the fingerprint stays when lines move."""
    names = fingerprints(report, shown or Shown())
    issues = [_issue(finding, name) for finding, name in zip(report.findings, names, strict=True)]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    place = finding.spot.place
    issue: dict[str, Any] = {
        "type": "issue",
        "check_name": finding.code,
        "description": f"{finding.code} {finding.message}",
        "categories": ["Bug Risk"],
        "severity": LEVELS[finding.severity],
        "fingerprint": fingerprint,
        "location": {"path": relative(place.file), "lines": {"begin": max(place.line, 1), "end": max(place.line, 1)}},
    }
    if finding.witness:
        issue["content"] = {"body": "\n".join(["```", *way(finding.witness), "```"])}
    return issue
