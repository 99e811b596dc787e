"""What a short `concierge lint` loads: its start is counted in milliseconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOW = {
    "asyncio", "dataclasses", "datetime", "difflib", "fractions", "glob", "hashlib", "inspect", "pkgutil", "shutil",
    "sqlalchemy", "traceback", "typing", "yaml", "zoneinfo",
}  # fmt: skip
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from concierge.cli import main
code = main(["lint", sys.argv[2]])
print(*sys.modules, sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def test_lint_of_a_short_dialplan_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    conf = tmp_path / "extensions.conf"
    conf.write_text("[a]\nexten => s,1,Answer()\nsame => n,Dial(PJSIP/1,20)\nsame => n,Hangup()\n")
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, ROOT, conf]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert set(ran.stderr.split()) & SLOW == set()
