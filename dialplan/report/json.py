"""For programs: the format that CI jobs and editors rely on, version 1."""

from __future__ import annotations

import json

from dialplan.finding import Severity
from dialplan.lint import Report

VERSION = 1


def render(report: Report) -> str:
    """One JSON document: version, findings, summary, unknown."""
    summary = {
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "infos": report.count(Severity.INFO),
        "unknown": len(report.unknown),
        "suppressed": report.suppressed,
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
