"""A real Asterisk runs what the interpreter says: the calls of the labelled dialplans, and a share of random ones.

Thousands of random ones are compared by tests/fuzz/walk.py. What is missing (a root, root rights) is a skip with a
reason, and a failure where the environment has CI set or --require-asterisk is given.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from concierge.lab.engine import find_engine
from concierge.lab.errors import LabMissingError
from concierge.replay.caller import PlannedCall
from concierge.replay.one import prompts
from concierge.replay.rewrite import assumed, sandbox_text
from concierge.replay.sandbox import Ran, Sandbox
from dialplan.applications import tables
from dialplan.flow import At, Inputs, walk
from dialplan.plan import loads

TESTS = Path(__file__).parents[2]
LABELLED = TESTS / "dialplan" / "labelled"
CALL = re.compile(r"; call: *(?P<keys>[^|>]*?) *(\| *(?P<results>.*?) *)?-> (?P<place>.*)")
STEPS = 30

sys.path.append(str(TESTS / "fuzz"))

from walk import Comparer, restless, settled, traced  # noqa: E402 - it is no package
from walk_plans import walks  # noqa: E402

PAIRS, SECONDS = 45, 5
"""Random calls to place, and the seconds that the interpreter expects a call to take at most."""

pytestmark = pytest.mark.asterisk


@pytest.fixture(params=["22"])  # 16 gives the same: tests/fuzz/walk.py --asterisk 16
def version(request: pytest.FixtureRequest) -> str:
    return found(str(request.param), request.config)


@pytest.fixture(params=["22", "16"])
def each_version(request: pytest.FixtureRequest) -> str:
    return found(str(request.param), request.config)


def found(version: str, config: pytest.Config) -> str:
    try:
        find_engine(version)
    except LabMissingError as error:
        if os.environ.get("CI") or config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return version


@dataclass(frozen=True)
class Call:
    """One `; call:` line. `last`: the last step, None for a call that goes on."""

    case: str
    text: str
    keys: tuple[str, ...]
    results: dict[str, str]
    last: tuple[str, str, int] | None


def labelled_calls() -> Iterator[Call]:
    for path in sorted(LABELLED.glob("*.conf")):
        for part in path.read_text(encoding="utf-8").split("\n; === ")[1:]:
            name, _, text = part.partition("\n")
            for found in map(CALL.match, text.splitlines()):
                if found:
                    keys = tuple(key for key in found["keys"].split(",") if key)
                    results = dict(pair.split("=") for pair in (found["results"] or "").split(",") if pair)
                    context, _, rest = found["place"].partition(",")
                    exten, _, number = rest.partition(",")
                    last = (context, exten, int(number)) if number else None
                    yield Call(f"{path.stem}-{name}", text, keys, results, last)


def renamed(text: str, number: int) -> str:
    """All contexts with names of their own, so that many cases can be loaded together."""
    names = set(re.findall(r"^\[([\w-]+)\]", text, re.MULTILINE)) - {"globals", "general"}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){name}(?=[\],|()]|$)", f"{name}-{number}", text, flags=re.MULTILINE)
    return text


def _differs(number: int, call: Call, ran: Ran) -> str:
    """Empty when the call went where its label says."""
    places = [step.place for step in ran.steps if step.exten != "h"]
    expected = call.last and (f"{call.last[0]}-{number}", *call.last[1:])
    if (ran.ended, places[-1] if places else None) == (True, expected) or not (ran.ended or expected):
        return ""
    return f"{call.case}: expected {expected}, ran {places[-4:]}, ended {ran.ended}"


def test_labelled_calls_go_where_the_label_says(version: str) -> None:
    table = tables.load(version)
    placed, texts, names = [], [], set()
    calls = list(labelled_calls())
    for number, call in enumerate(calls):
        plan = loads(renamed(call.text, number).encode())
        entry = f"from-trunk-{number}"
        trace = walk(plan, table, At(entry), Inputs(keys=call.keys, results=call.results, steps=STEPS + 5))
        variables = tuple(assumed(trace).items())
        placed.append(PlannedCall(entry, "s", 1, call.keys, variables=variables, limit=STEPS))
        texts.append(sandbox_text(plan))
        names |= prompts(plan, trace)
    with Sandbox(version, names) as sandbox:
        rans = dict(enumerate(sandbox.run("\n".join(texts), placed, parallel=30)))
        odd = [number for number, call in enumerate(calls) if _differs(number, call, rans[number])]
        if odd:  # a busy machine is slow to press and to hang up: those again, a few at a time
            again = sandbox.run("\n".join(texts), [placed[number] for number in odd], parallel=6, seconds=30)
            rans |= dict(zip(odd, again, strict=True))
    wrong = [told for number, call in enumerate(calls) if (told := _differs(number, call, rans[number]))]
    assert len(calls) > 90
    assert not wrong, "\n".join(wrong)


def test_random_calls_run_step_by_step_as_on_asterisk(each_version: str) -> None:
    made = ((one, traced(one, each_version)) for one in walks(int(each_version), 4 * PAIRS, ifs=each_version != "16"))
    quick = [one for one, trace in made if trace.seconds <= SECONDS and not restless(trace)]
    comparer = Comparer(each_version, tries=((PAIRS, 20.0), (10, 15.0)))
    with comparer.sandbox:
        compared = comparer.compare_all(quick[:PAIRS])
    assert len(compared) == PAIRS
    assert [one.comparison.text for one in compared if not settled(one)] == []
    assert sum(len(one.ran.steps) for one in compared) > 3 * PAIRS
