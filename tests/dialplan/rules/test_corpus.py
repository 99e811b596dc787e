"""Real dialplans: labelled defects are found at their line, look-alikes are not reported.

The corpus is beside the repository or at $CONCIERGE_CORPUS; it is no part of the project.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.lint import Report, lint
from dialplan.plan import load
from dialplan.rule import rules
from dialplan.subject import from_files

CORPUS = Path(os.environ.get("CONCIERGE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real dialplans is not here"),
]

# What these rules prove: kind of defect -> code. The kinds that are not named here need the flow of a call.
CODES = {
    "goto-missing-context": "D101",
    "goto-missing-extension": "D101",
    "goto-missing-priority": "D101",
    "goto-missing-label": "D101",
    "hangup-on-invalid": "D001",
    "unreachable-handler": "D104",
}


def rows(name: str) -> Iterator[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t")


def judge(folder: Path, main: str) -> Report:
    return lint(from_files(load(folder / main, root=folder), tables.load("22")), rules())


def with_stubs(folder: Path, main: str, target: Path) -> Path:
    """A copy in which includes of missing files exist and are empty, as in the second load of the oracle."""
    for path in folder.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    for line in (folder / main).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#include") and not (target / line.split()[1]).exists():
            (target / line.split()[1]).write_text("", encoding="utf-8")
    return target


def labelled(label: str) -> list[dict[str, str]]:
    return [row for row in rows("TRUTH.tsv") if row["label"] == label] if CORPUS.is_dir() else []


def found_at(row: dict[str, str], tmp_path: Path) -> set[str]:
    mains = {entry["set"]: entry for entry in rows("INDEX.tsv")}
    entry = mains[row["set"]]
    folder = CORPUS / "sets" / row["set"]
    if entry["needs_stubs"] == "yes":
        folder = with_stubs(folder, entry["main"], tmp_path)
    return {
        finding.code
        for finding in judge(folder, entry["main"]).findings
        if finding.spot.place.line == int(row["line"]) and finding.spot.place.file.endswith(row["file"])
    }


@pytest.mark.parametrize("row", [row for row in labelled("defect") if row["kind"] in CODES], ids=lambda row: row["id"])
def test_a_labelled_defect_is_found(row: dict[str, str], tmp_path: Path) -> None:
    assert CODES[row["kind"]] in found_at(row, tmp_path)


@pytest.mark.parametrize("row", labelled("not-defect"), ids=lambda row: row["id"])
def test_a_look_alike_is_not_reported(row: dict[str, str], tmp_path: Path) -> None:
    assert found_at(row, tmp_path) == set()


def test_every_set_is_judged_and_only_refused_ones_are_c101() -> None:
    for entry in rows("INDEX.tsv"):
        report = judge(CORPUS / "sets" / entry["set"], entry["main"])
        refused = any(finding.code == "C101" for finding in report.findings)
        main = entry["main"]
        if main == "extensions.conf":
            assert refused == (entry["loads_as_found"] == "no"), entry["set"]
        for finding in report.findings:
            assert finding.message
            assert finding.spot.place.line >= 1, finding


def test_files_that_are_parts_of_a_greater_whole_are_not_called_dead() -> None:
    for entry in rows("INDEX.tsv"):
        if entry["set"].startswith("wazo-platform__wazo-asterisk-config"):
            codes = {finding.code for finding in judge(CORPUS / "sets" / entry["set"], entry["main"]).findings}
            assert "D101" not in codes, entry["set"]
