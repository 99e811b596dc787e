"""Linters of extensions.conf side by side on the same files: what each finds of labelled defects, what it says wrongly.

    python benchmarks/dialplan/compared.py [--corpus DIR] [--only NAME]

asterisklint 0.4.3 and its fork asterisklint-jjs 0.5.0 (with --asterisk-version 22) are installed into throw-away
virtualenvs. A defect counts as found when a tool says anything about its line that is no style; a look-alike
counts as wrong when it does. aelparse reads only AEL, so it has no column.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from dialplan.applications import tables

CORPUS = Path(os.environ.get("CONCIERGE_CORPUS") or ROOT.parent / "shared" / "corpus")
LINT = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from concierge.cli import main; sys.exit(main())"
STYLE = re.compile(r"H_|I_|W_WS|W_FILE|W_APP_(BAD_CASE|NEED_PARENS)|W_CONF_KEY_LATE")
LINE = re.compile(r"^(.*?):(\d+) ([EWHI]_\w+): (.*)$", re.M)
NAMED = re.compile(r"'([^']+)'")
LIMIT = 120


class Said(NamedTuple):
    """One message about a line."""

    line: int
    code: str
    text: str


class Answer(NamedTuple):
    """`said` is empty after a crash too."""

    said: list[Said]
    crashed: bool
    seconds: float


Tool = Callable[[Path], Answer]


def concierge(path: Path) -> Answer:
    """Errors and warnings."""
    began = time.perf_counter()
    command = [sys.executable, "-c", LINT, "lint", str(path), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, 1):
        return Answer([], True, seconds)
    found = json.loads(done.stdout)["findings"]
    here = [one for one in found if one["severity"] != "info" and Path(one["file"]).name == path.name]
    return Answer([Said(one["line"], one["code"], one["message"]) for one in here], False, seconds)


def asterisklint(program: Path, *options: str) -> Tool:
    """Everything but style."""

    def tool(path: Path) -> Answer:
        began = time.perf_counter()
        command = [program, "dialplan-check", *options, path]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, errors="replace", check=False)
        except subprocess.TimeoutExpired:
            return Answer([], True, LIMIT)
        seconds = time.perf_counter() - began
        found = [
            Said(int(line), code, text)
            for file, line, code, text in LINE.findall(done.stderr + done.stdout)
            if Path(file).name == path.name
        ]
        return Answer([one for one in found if not STYLE.match(one.code)], "Traceback" in done.stderr, seconds)

    return tool


def installed(folder: Path, package: str) -> Path:
    """Its executable, in a virtualenv of its own."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin/pip", "-q", "install", package], check=True)
    return folder / "bin/asterisklint"


def labelled() -> Iterator[tuple[str, set[int]]]:
    """Our own labelled plans: text, lines of defects (none: a look-alike)."""
    for path in sorted((ROOT / "tests" / "dialplan" / "labelled").glob("*.conf")):
        for part in path.read_text(encoding="utf-8").split("\n; === ")[1:]:
            text = part.partition("\n")[2]
            yield text, {number for number, line in enumerate(text.splitlines(), 1) if re.search(r"; <- \w", line)}


def judged_labelled(tool: Tool, folder: Path) -> tuple[int, int, int, int]:
    """Defects found and there, look-alikes with a word against them and there."""
    found = defects = wrong = alikes = 0
    path = folder / "extensions.conf"
    for text, lines in labelled():
        path.write_text(text, encoding="utf-8")
        said = {one.line for one in tool(path).said}
        if lines:
            defects += len(lines)
            found += len(lines & said)
        else:
            alikes += 1
            wrong += bool(said)
    return found, defects, wrong, alikes


def judged_truth(tool: Tool, corpus: Path) -> tuple[int, int, int, int]:
    """The same for the labels of real plans."""
    counts = Counter[str]()
    with (corpus / "TRUTH.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            said = tool(corpus / "sets" / row["set"] / row["file"]).said
            counts[row["label"]] += 1
            counts["+" + row["label"]] += int(row["line"]) in {one.line for one in said}
    return counts["+defect"], counts["defect"], counts["+not-defect"], counts["not-defect"]


def judged_names(tool: Tool, corpus: Path) -> tuple[int, int, int, int, float]:
    """Over all real plans: messages, crashes, names called missing, those that Asterisk 22 has, seconds."""
    table = tables.load("22")
    messages = crashes = missing = there = 0
    seconds = 0.0
    with (corpus / "INDEX.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            answer = tool(corpus / "sets" / row["set"] / row["main"])
            messages += len(answer.said)
            crashes += answer.crashed
            seconds += answer.seconds
            for one in answer.said:
                if one.code in ("E_APP_MISSING", "E_FUNC_MISSING", "C103", "C105"):
                    name = (NAMED.findall(one.text) or re.findall(r"have(?: the function)? (\w+)", one.text) or [""])[0]
                    missing += 1
                    there += table.find(name) is not None or name in table.functions
    return messages, crashes, missing, there, seconds


def main(corpus: Path, only: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        makers: dict[str, Callable[[], Tool]] = {
            "concierge lint": lambda: concierge,
            "asterisklint 0.4.3": lambda: asterisklint(installed(folder / "a", "asterisklint==0.4.3")),
            "asterisklint-jjs 0.5.0": lambda: asterisklint(
                installed(folder / "b", "asterisklint-jjs==0.5.0"), "--asterisk-version", "22"
            ),
        }
        tools = {title: make() for title, make in makers.items() if only in title}
        print(
            "| | labelled defects found | look-alikes blamed | real defects found | real look-alikes blamed | messages"
            " on all real plans | crashes | names called missing | of them there | seconds |"
        )
        print("|" + "---|" * 10)
        for title, tool in tools.items():
            one, two, three = judged_labelled(tool, folder), judged_truth(tool, corpus), judged_names(tool, corpus)
            cells = [f"{one[0]} of {one[1]}", f"{one[2]} of {one[3]}", f"{two[0]} of {two[1]}", f"{two[2]} of {two[3]}"]
            print(f"| {title} | {' | '.join([*cells, *map(str, three[:4]), f'{three[4]:.0f}'])} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--only", default="", metavar="NAME", help="tools whose name holds this")
    given = parser.parse_args()
    main(given.corpus, given.only)
