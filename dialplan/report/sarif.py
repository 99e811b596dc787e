"""SARIF 2.1.0 (OASIS): results with the witness as a code flow, rules with their pages, unknowns as notifications."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dialplan.finding import Change, Finding, Fix, Severity, Spot, Unknown, Witness
from dialplan.lint import Report
from dialplan.plan.model import Place
from dialplan.report.shown import Shown, fingerprints, relative, with_keys, word, words
from dialplan.rule import Rule, rules

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
ROOT = "%SRCROOT%"
FINGERPRINT = "conciergeDialplan/v1"

Object = dict[str, Any]


def render(report: Report, shown: Shown | None = None) -> str:
    """One run. Files below the current folder are relative to it, as code scanning wants them."""
    shown = shown or Shown()
    described = rules()
    index = {rule.code: number for number, rule in enumerate(described)}
    names = fingerprints(report, shown)
    driver: Object = {"name": "concierge lint", "rules": [_rule(rule) for rule in described]}
    if shown.version:
        driver |= {"version": shown.version, "semanticVersion": shown.version}
    run: Object = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"uri": Path.cwd().as_uri() + "/"}},
        "automationDetails": {"id": "concierge-lint/"},
        "artifacts": [{"location": _artifact(file)} for file in dict.fromkeys(report.files)],
        "invocations": [_invocation(report)],
        "results": [_result(finding, index, name, shown) for finding, name in zip(report.findings, names, strict=True)],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> Object:
    page = rule.page()
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.module.rpartition(".")[2].split("_")[1:]),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rule.sections["What it finds"].split())},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["dialplan", *([rule.mission] if rule.mission else [])], "precision": "high"},
    }


def _invocation(report: Report) -> Object:
    return {"executionSuccessful": True, "toolExecutionNotifications": [_notification(i) for i in report.unknown]}


def _notification(item: Unknown) -> Object:
    return {
        "descriptor": {"id": f"not-proven/{item.reason}"},
        "level": "note",
        "message": {"text": f"not proven: {item.message}"},
        "locations": [_location(item.spot)],
    }


def _result(finding: Finding, index: dict[str, int], fingerprint: str, shown: Shown) -> Object:
    location = _location(finding.spot, finding.end_column, shown.line(finding.spot.place))
    made: Object = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if finding.code in index:
        made["ruleIndex"] = index[finding.code]
    if finding.fix:
        made["fixes"] = [_fix(finding.fix)]
    if finding.witness and finding.witness.steps:
        made["codeFlows"] = [_flow(finding.witness, shown)]
    return made


def _fix(fix: Fix) -> Object:
    changes = [
        {"artifactLocation": _artifact(change.file), "replacements": [_replacement(change)]} for change in fix.changes
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _replacement(change: Change) -> Object:
    if change.old is None:
        line = change.line + 1
        region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 1}
        return {"deletedRegion": region, "insertedContent": {"text": "".join(f"{text}\n" for text in change.new)}}
    region = {"startLine": change.line, "startColumn": 1, "endColumn": len(change.old) + 1}
    return {"deletedRegion": region, "insertedContent": {"text": "\n".join(change.new)}}


def _location(spot: Spot, end: int | None = None, line: str | None = None) -> Object:
    physical: Object = {"artifactLocation": _artifact(spot.place.file)}
    region = _region(spot.place, end, line)
    if region:
        physical["region"] = region
    made: Object = {"physicalLocation": physical}
    if spot.context:
        step = [spot.context, spot.exten, "" if spot.priority is None else str(spot.priority)]
        name = ",".join(part for part in step if part)
        made["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "function"}]
    return made


def _region(place: Place, end: int | None, line: str | None) -> Object | None:
    """Asterisk's line 0 is a file as a whole."""
    if place.line < 1:
        return None
    region: Object = {"startLine": place.line, "startColumn": max(place.column, 1)}
    if end is not None and end > place.column:
        region["endColumn"] = end
    if line is not None:
        region["snippet"] = {"text": line}
    return region


def _artifact(file: str) -> Object:
    """Standard input has a name of its own that is no file."""
    from urllib.parse import quote

    name = relative(file)
    if name.startswith("<") or not name:
        return {"uri": quote(name.strip("<>") or "stdin"), "uriBaseId": ROOT}
    if Path(name).is_absolute() or name.startswith(".."):
        return {"uri": Path(name).absolute().as_uri()}
    return {"uri": quote(name), "uriBaseId": ROOT}


def _flow(witness: Witness, shown: Shown) -> Object:
    steps = []
    for number, (step, ways) in enumerate(with_keys(witness), start=1):
        chosen = f": {', '.join(word(one) for one in ways)}" if ways else ""
        text = f"{step.context},{step.exten},{step.priority} {step.application}{chosen}"
        spot = Spot(step.place, step.context, step.exten, step.priority)
        location = _location(spot, None, shown.line(step.place)) | {"message": {"text": text}}
        importance = "essential" if ways else "important"
        steps.append({"location": location, "executionOrder": number, "importance": importance})
    said = f"caller: {words(witness)}" + (f"; {witness.verdict}" if witness.verdict else "")
    return {"message": {"text": said}, "threadFlows": [{"id": witness.entry, "locations": steps}]}
