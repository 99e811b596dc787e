"""What is explained is what the gate answers: a share of tests/fuzz/agree.py."""

import importlib.util
from pathlib import Path


def test_the_explanation_and_the_gate_never_disagree():
    path = Path(__file__).parents[1] / "fuzz/agree.py"
    spec = importlib.util.spec_from_file_location("fuzz_agree", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    wrong, reasons = tool.disagreements(300, 5)
    assert wrong == []
    assert {"not-listed", "listed", "cap-reached", "consent-missing", "campaign-unknown"} <= set(reasons)
