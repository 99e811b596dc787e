"""The dialplan that a file belongs to, with what is typed but not saved."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dialplan.applications.tables import Table
from dialplan.light import NamedTuple
from dialplan.lint import Report, lint
from dialplan.plan.loading import MAIN, UnreadableError, load, reloaded
from dialplan.plan.model import Plan
from dialplan.repair import fixes
from dialplan.report.shown import add_sources
from dialplan.rule import Rule
from dialplan.subject import Subject, from_files

UP = 2
"""Folders above a file in which its extensions.conf is looked for."""


class Analysis(NamedTuple):
    """`file`: the name that the plan has for the file that was asked about.

    `report` has fixes, and columns in characters.
    """

    subject: Subject
    report: Report
    file: str

    def lines(self, file: str) -> list[str]:
        """The lines of a file as they are typed now."""
        return [line.rstrip("\r") for line in self.subject.texts.get(file, "").removeprefix("\ufeff").split("\n")]


def analyse(
    path: str,
    edited: Mapping[str, bytes],
    table: Callable[[Plan], Table],
    rules: Sequence[Rule],
    prepare: Callable[[Subject], None] | None = None,
) -> Analysis:
    """Judge the dialplan of a file. `edited`: bytes by path of what is open in the editor. Raises UnreadableError.

    `table`: the applications that a plan has; `prepare` tells the subject what the settings say: entries, operators, …
    """
    for main in _mains(Path(path)):
        plan, names = _read(main, edited)
        file = names.get(_real(path))
        if file is not None:
            typed = {names[real]: data for name, data in edited.items() if (real := _real(name)) in names}
            texts = {name: data.decode("utf-8", "replace") for name, data in typed.items()}
            subject = from_files(plan, table(plan), texts)
            if prepare is not None:
                prepare(subject)
            report = fixes(subject, lint(subject, rules), typed)
            return Analysis(subject, add_sources(subject, report, {}), file)
    raise UnreadableError(f"cannot read {path}")


def _mains(path: Path) -> list[Path]:
    """extensions.conf beside the file or above it, then the file itself."""
    folders = list(path.parents)[: UP + 1]
    found = [folder / MAIN for folder in folders if (folder / MAIN).exists() and folder / MAIN != path]
    return [*([path] if path.name == MAIN else []), *found, *([] if path.name == MAIN else [path])]


def _read(main: Path, edited: Mapping[str, bytes]) -> tuple[Plan, dict[str, str]]:
    """The plan with the edited files, and its name for each real path."""
    plan = Plan({}, files=(str(main),))
    if main.exists():
        plan = load(main)
    names = {_real(file): file for file in plan.files}
    typed = {names[real]: data for name, data in edited.items() if (real := _real(name)) in names}
    if typed:
        plan = reloaded(plan, main.parent, typed)
        names = {_real(file): file for file in plan.files}
    return plan, names


def _real(path: str) -> str:
    return os.path.realpath(path)
