"""The shell lines of docs/ci.md, run by the shell that the CI would run them with, on good and on broken dialplans."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
YAML = re.compile(r"```yaml\n(.*?)```", re.S)
RELOAD = re.compile(r"## Before a reload\n\n```\n(.*?)\n```", re.S)
MAIN = "import sys; from concierge.cli import main; sys.exit(main())"
INSTALLS = ("pipx install", "pip install")
GOOD = "[from-trunk]\nexten => s,1,Answer()\n same => n,Dial(PJSIP/operator,30)\n"
BROKEN = "[from-trunk]\nexten => s,1,Answer()\n same => n,Goto(desk,s,1)\n"
CALLS = "dialplan: asterisk/extensions.conf\ncalls:\n  - {name: a, at: from-trunk, expect: reaches operator}\n"
EACH = pytest.mark.parametrize(("plan", "fine"), [(GOOD, True), (BROKEN, False)], ids=["good", "broken"])


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A checked-out repository, and `concierge` and `asterisk` in a folder of programs."""
    programs = {
        "concierge": f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -c "{MAIN}" "$@"',
        "asterisk": 'echo "asterisk $*"',
    }
    (tmp_path / "bin").mkdir()
    for name, line in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "asterisk").mkdir()
    (tmp_path / "calls.yaml").write_text(CALLS, encoding="utf-8")
    return tmp_path


def run(line: str, work: Path) -> subprocess.CompletedProcess[str]:
    """As a runner does: bash, stops at the first failure."""
    path = f"{work / 'bin'}:{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONCIERGE")}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line],
        cwd=work,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def snippets() -> dict[str, Any]:
    made = {}
    for block in YAML.findall(PAGE):
        document = yaml.safe_load(block)
        if "jobs" in document:
            made["github"] = document
        if isinstance(document.get("dialplan"), dict):
            made["gitlab"] = document
    return made


@EACH
def test_the_steps_of_the_github_action(plan: str, fine: bool, work: Path) -> None:
    (work / "asterisk" / "extensions.conf").write_text(plan, encoding="utf-8")
    steps = [step for step in snippets()["github"]["jobs"]["lint"]["steps"] if "run" in step]
    ours = [step for step in steps if not step["run"].startswith(INSTALLS)]
    assert len(ours) == len(steps) - 1 == 3
    ran = [run(step["run"], work) for step in ours]
    assert [one.returncode for one in ran] == ([0, 0, 0] if fine else [1, 1, 1])
    assert (ran[0].stdout == "") is fine
    assert fine or ran[0].stdout.startswith("::error file=asterisk/extensions.conf,line=3,col=12,")
    sarif = json.loads((work / "lint.sarif").read_text(encoding="utf-8"))
    Sarif.model_validate(sarif)
    assert bool(sarif["runs"][0]["results"]) is not fine
    assert any(step.get("with", {}).get("sarif_file") == "lint.sarif" for step in _uses())


def _uses() -> list[dict[str, Any]]:
    return [step for step in snippets()["github"]["jobs"]["lint"]["steps"] if "uses" in step]


@EACH
def test_the_script_of_the_gitlab_job(plan: str, fine: bool, work: Path) -> None:
    (work / "asterisk" / "extensions.conf").write_text(plan, encoding="utf-8")
    job = snippets()["gitlab"]["dialplan"]
    ours = [line for line in job["script"] if not line.startswith(INSTALLS)]
    assert run("\n".join(ours), work).returncode == (0 if fine else 1)
    reports = job["artifacts"]["reports"]
    issues = json.loads((work / reports["codequality"]).read_text(encoding="utf-8"))
    assert bool(issues) is not fine
    assert (work / reports["junit"]).read_text(encoding="utf-8").startswith("<?xml")


@EACH
def test_the_line_before_a_reload(plan: str, fine: bool, work: Path) -> None:
    (work / "asterisk" / "extensions.conf").write_text(GOOD, encoding="utf-8")
    found = RELOAD.search(PAGE)
    assert found is not None
    line = found[1].replace("/etc/asterisk", f"{work}/asterisk")
    assert run(f"concierge lint asterisk --write-baseline {work}/asterisk/lint-baseline.json", work).returncode == 0
    (work / "asterisk" / "extensions.conf").write_text(plan, encoding="utf-8")
    ran = run(line, work)
    assert ("asterisk -rx dialplan reload" in ran.stdout) is fine
    assert ran.returncode == (0 if fine else 1)
