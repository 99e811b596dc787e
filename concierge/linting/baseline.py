"""Findings that are known already: a file of fingerprints, so that only new ones are said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from concierge.errors import UserError
from dialplan.light import replace
from dialplan.lint import Report
from dialplan.report.shown import Shown, fingerprints, relative

VERSION = 1


def write(path: Path, report: Report, shown: Shown) -> int:
    """Write every finding of the report; returns how many. Raises UserError."""
    known = {
        name: {"code": finding.code, "file": relative(finding.spot.place.file), "message": finding.message}
        for name, finding in zip(fingerprints(report, shown), report.findings, strict=True)
    }
    document = {"version": VERSION, "findings": dict(sorted(known.items()))}
    try:
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return len(known)


def without(path: Path, report: Report, shown: Shown) -> tuple[Report, int]:
    """The report without what the file knows, and how many that it knows are gone. Raises UserError."""
    known = _read(path)
    names = fingerprints(report, shown)
    kept = tuple(finding for name, finding in zip(names, report.findings, strict=True) if name not in known)
    hidden = len(report.findings) - len(kept)
    return replace(report, findings=kept, baselined=hidden), len(known - set(names))


def _read(path: Path) -> set[str]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--baseline: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"--baseline: {path} is no JSON: {error}; write it anew with --write-baseline") from error
    found = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(found, dict) or document.get("version") != VERSION:
        raise UserError(f"--baseline: {path} is no baseline of version {VERSION}; write it anew with --write-baseline")
    return set(found)
