"""373 real dialplans: the dump is what a real Asterisk 22 held after loading them, without exception."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dialplan.dump import as_data
from dialplan.plan import load

CORPUS = Path(os.environ.get("CONCIERGE_CORPUS") or Path(__file__).resolve().parents[3] / "shared" / "corpus")
_LINE = re.compile(r"line (\d+) of (.*?)(?: -- IGNORING!!!|!)?$")
_WITHOUT_LINE = {"include-unknown", "include-missing", "label-in-use", "comment-unterminated", "exec-skipped"}

pytestmark = pytest.mark.corpus


def _sets() -> list[tuple[str, str]]:
    index = CORPUS / "INDEX.tsv"
    rows = index.read_text().splitlines()[1:] if index.exists() else []
    return [tuple(row.split("\t")[:2]) for row in rows]  # type: ignore[misc]


SETS = _sets()


@pytest.fixture(scope="module", autouse=True)
def _there() -> None:
    if not SETS:
        pytest.skip(f"no corpus at {CORPUS} (set CONCIERGE_CORPUS)")


def _stubbed(name: str, oracle: dict[str, Any], folder: Path) -> Path:
    """The set as it was given to Asterisk the second time: missing includes are there and empty."""
    root = folder / "set"
    shutil.copytree(CORPUS / "sets" / name, root)
    for _, missing, _ in oracle["missing_includes"]:
        (root / missing).touch()
    return root


def _contexts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        context["name"]: {
            "extensions": _extensions(context),
            "includes": [_timed(i["context"], i["timing"]) for i in context["includes"]],
            "ignorepats": context["ignorepats"],
            "switches": [f"{s['name']}/{s['data']}" for s in context["switches"]],
        }
        for context in data["contexts"]
    }


def _extensions(context: dict[str, Any]) -> list[tuple[str, str | None, list[tuple[object, ...]]]]:
    hints = {(hint["exten"], hint["cid"]): hint for hint in context["hints"]}
    found = []
    for extension in context["extensions"]:
        entries: list[tuple[object, ...]] = []
        if hint := hints.get((extension["pattern"], extension["cid"])):
            entries.append(("hint", hint["label"], hint["data"], hint["arguments"], hint["file"], hint["line"]))
        entries += [tuple(step.values()) for step in extension["priorities"]]
        found.append((extension["pattern"], extension["cid"], entries))
    return found


def _oracle_contexts(oracle: dict[str, Any]) -> dict[str, Any]:
    keys = ("priority", "label", "app", "data", "file", "line")
    return {
        name: {
            "extensions": [
                (e["exten"], e["cid"], [tuple(entry[key] for key in keys) for entry in e["entries"]])
                for e in context["extensions"]
            ],
            "includes": [_timed(*(re.split("[|,]", include, maxsplit=1))) for include in context["includes"]],
            "ignorepats": context["ignorepats"],
            "switches": context["switches"],
        }
        for name, context in oracle["contexts"].items()
    }


def _timed(context: str, timing: str | None = None) -> str:
    return f"{context},{timing}" if timing else context


def _logged(log: list[dict[str, Any]]) -> set[tuple[str, int]]:
    places = (_LINE.search(entry["message"]) for entry in log)
    return {(Path(place[2]).name, int(place[1])) for place in places if place}


def _diagnosed(data: dict[str, Any]) -> set[tuple[str, int]]:
    return {(d["file"], d["line"]) for d in data["diagnostics"] if d["code"] not in _WITHOUT_LINE}


def _unknown_includes(log: list[dict[str, Any]]) -> Counter[str]:
    found = (re.match(r"Context '(.*)' tries to include nonexistent", entry["message"]) for entry in log)
    return Counter(match[1] for match in found if match)


@pytest.mark.parametrize(("name", "main"), SETS, ids=[name for name, _ in SETS])
def test_the_dump_is_what_asterisk_holds(name: str, main: str, tmp_path: Path) -> None:
    oracle = json.loads((CORPUS / "oracle" / f"{name}.json").read_text())
    as_found = load(CORPUS / "sets" / name / main)
    assert as_found.loads == oracle["loaded_as_is"]
    root = _stubbed(name, oracle, tmp_path) if oracle["stubbed"] else CORPUS / "sets" / name
    data = as_data(load(root / main))
    assert data["loads"] == oracle["loaded"]
    assert _contexts(data) == _oracle_contexts(oracle)
    loaded = load(root / main)
    assert loaded.globals.keys() == oracle["globals"].keys()
    assert all(loaded.globals[name] == value for name, value in oracle["globals"].items())
    assert set(data["globals"].values()) <= {None}
    assert _diagnosed(data) == _logged(oracle["log"])
    ours = {d["message"].split("'")[1] for d in data["diagnostics"] if d["code"] == "include-unknown"}
    assert ours == set(_unknown_includes(oracle["log"]))


@pytest.mark.parametrize("name", ["FreePBX__core"])
def test_what_asterisk_refuses_says_why_and_where(name: str) -> None:
    refused = load(CORPUS / "sets" / name / "extensions.conf")
    assert not refused.loads
    assert refused.contexts == {}
    assert [(d.code, d.severity) for d in refused.diagnostics] == [("include-missing", "error")]


def test_no_set_is_left_out() -> None:
    assert len(SETS) == 373
    assert {path.stem for path in (CORPUS / "oracle").glob("*.json")} == {name for name, _ in SETS}
