"""Every format of every plan in golden/, as it was read and approved.

When a change is wanted: `python tests/dialplan/report/test_golden.py` writes all anew; look at the difference.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"
PLANS = sorted(GOLDEN.glob("*.conf"))
FORMATS = ("json", "sarif", "github", "gitlab", "junit", "html")
PAGE = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)


def rendered(plan: Path) -> dict[str, Any]:
    """What each format says of the plan, but for the pages of the rules, which have tests of their own."""
    from dialplan.applications import tables
    from dialplan.graph import build
    from dialplan.lint import lint
    from dialplan.plan import loads
    from dialplan.repair import fixes
    from dialplan.report.shown import Shown, add_sources
    from dialplan.rule import rules
    from dialplan.subject import from_files

    text = plan.read_text(encoding="utf-8")
    name, data = "extensions.conf", text.encode()
    subject = from_files(loads(data, name), tables.load("22"), {name: text})
    lines: dict[tuple[str, int], str] = {}
    report = add_sources(subject, fixes(subject, lint(subject, rules()), {name: data}), lines)
    shown = Shown(lines, version="1.2.3", graphs=(build(subject),))
    return {form: _kept(form, _render(form, report, shown)) for form in FORMATS}


def _render(form: str, *given: Any) -> str:
    made: str = importlib.import_module(f"dialplan.report.{form}").render(*given)
    return made


def _kept(form: str, text: str) -> Any:
    if form in ("github", "junit"):
        return text.splitlines()
    if form == "html":
        found = PAGE.search(text)
        assert found is not None
        return json.loads(found[1])
    document = json.loads(text)
    if form == "sarif":
        [run] = document["runs"]
        run["originalUriBaseIds"].clear()  # the current folder
        run["tool"]["driver"].pop("rules")  # all there are, whatever the plan
        for result in run["results"]:
            result.pop("ruleIndex")
    return document


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: path.stem)
def test_every_format_is_what_was_read_and_approved(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    known = json.loads(plan.with_suffix(".json").read_text(encoding="utf-8"))
    made = rendered(plan)
    for form in FORMATS:
        assert made[form] == known[form], form


def test_there_are_a_dozen_plans_and_more() -> None:
    assert len(PLANS) > 12
    assert {path.stem for path in PLANS} == {path.stem for path in GOLDEN.glob("*.json")}


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).parents[3]))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for path in PLANS:
            target = path.with_suffix(".json")
            target.write_text(json.dumps(rendered(path), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
