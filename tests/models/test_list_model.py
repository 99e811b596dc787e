"""Random sequences of everything that happens to a list, at two hosts with one feed, beside a simple model.

`CONCIERGE_MODEL_MINUTES=10 pytest -s tests/models/test_list_model.py` goes on for that long.
"""

import importlib.util
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

MINUTES = float(os.environ.get("CONCIERGE_MODEL_MINUTES", "0"))
STEPS = 40


def machine():
    """From the file beside this one."""
    spec = importlib.util.spec_from_file_location("list_machine", Path(__file__).with_name("list_machine.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.ListMachine


@pytest.fixture
def bounded(monkeypatch):
    """What the machine changes for itself is put back."""
    from models import building

    monkeypatch.setattr(building, "_WORTH", building._WORTH)


def test_index_rows_and_model_agree_whatever_happens(template, bounded):
    found = machine()
    found.template = template.read_bytes()
    began, runs = time.monotonic(), 0
    while True:
        examples = 6 if not MINUTES else 100
        run_state_machine_as_test(
            found,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=not MINUTES,
            ),
        )
        runs += examples
        if time.monotonic() - began > 60 * MINUTES:
            break
        print(f"{runs} sequences, {found.checks} answers, {time.monotonic() - began:.0f} s", flush=True)
    assert found.checks > 1000
