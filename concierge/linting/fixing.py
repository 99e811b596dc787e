"""Repairs shown as a difference or written to the files, as a whole or not at all."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from concierge.errors import UserError
from dialplan.lint import Report
from dialplan.repair import Repaired, repair
from dialplan.report.shown import discreet, relative
from dialplan.rule import Rule
from dialplan.subject import Subject


def repaired(
    subject: Subject, report: Report, rules: Sequence[Rule], given: Mapping[str, bytes], jobs: int
) -> Repaired:
    """What can be repaired; says on standard error what did not hold when it was tried."""
    made = repair(subject, report, rules, given, jobs)
    for finding in made.dropped:
        place = finding.spot.place
        print(f"{place.file}:{place.line}: {finding.code} is left: its repair did not hold when tried", file=sys.stderr)
    return made


def difference(made: Repaired, given: Mapping[str, bytes]) -> str:
    """A unified diff; around lines that hold a credential nothing is shown."""
    parts = []
    for file, data in made.files.items():
        old, new = (_lines(one) for one in (made.before[file], data))
        around = 3 if all(discreet(line) == line for line in old) else 0
        name = "stdin" if file in given and file.startswith("<") else relative(file)
        parts += [
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", n=around)
        ]
    return "".join(parts)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def write(made: Repaired) -> None:
    """Each file at once, with its mode and owner; a link stays one. Raises UserError."""
    for file, data in made.files.items():
        try:
            _replace(Path(file).resolve(), data)
        except OSError as error:
            raise UserError(f"--fix: cannot write {file}: {error.strerror}") from error
    for finding, fix in made.done:
        place = finding.spot.place
        print(f"{place.file}:{place.line}: {finding.code} repaired: {fix.title}", file=sys.stderr)


def _replace(path: Path, data: bytes) -> None:
    status = path.stat()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, name)
        if os.geteuid() == 0:
            os.chown(name, status.st_uid, status.st_gid)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
