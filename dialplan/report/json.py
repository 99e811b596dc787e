"""For programs: the format that CI jobs and editors rely on, version 1; its schema is data/lint.schema.json."""

from __future__ import annotations

import json

from dialplan.finding import Severity
from dialplan.lint import Report
from dialplan.report.shown import Shown

VERSION = 1


def render(report: Report, shown: Shown | None = None) -> str:
    """One JSON document: version, findings, summary, unknown."""
    del shown
    codes: dict[str, int] = {}
    for finding in report.findings:
        codes[finding.code] = codes.get(finding.code, 0) + 1
    summary = {
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
        "unknown": len(report.unknown),
        "suppressed": report.suppressed,
        "baselined": report.baselined,
        "codes": dict(sorted(codes.items())),
        "files": list(report.files),
        "priorities": report.priorities,
        "entries": list(report.entries),
    }
    document = {
        "version": VERSION,
        "findings": [finding.as_dict() for finding in report.findings],
        "summary": summary,
        "unknown": [item.as_dict() for item in report.unknown],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
