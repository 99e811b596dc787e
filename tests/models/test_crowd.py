"""A small share of `benchmarks/lists/crowd.py`: while an import runs, nobody is refused by accident."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_hundred_clients_get_the_right_answers_while_an_import_runs():
    program = [sys.executable, str(ROOT / "benchmarks/lists/crowd.py")]
    told = subprocess.run(
        [*program, "--rows", "60000", "--clients", "100", "--before", "2", "--pause", "0.1"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "exit code 0" in told.stdout
    assert "the last imported number: Listed" in told.stdout
    assert told.stdout.count("wrong: {}") == 2
    for reason in ("listed", "not-listed"):
        assert len(re.findall(rf"'{reason}': [1-9]", told.stdout)) == 2
