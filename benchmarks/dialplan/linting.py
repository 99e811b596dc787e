"""Lint with all rules, those about calls too: time and memory against asterisklint's, in one run, and the start.

    python benchmarks/dialplan/linting.py [--asterisklint PATH] [--corpus DIR] [--repeat 3] [--jobs 2]

Generated plans of 500 and 5,000 menus, and the FreePBX systems of the corpus. asterisklint 0.4.3, which follows
no calls, is installed into a throw-away virtualenv unless PATH names its executable. Both are timed with their
start-up, as child processes. `per menu` says whether time is linear. The start is that of `concierge lint` on ten
lines against `python -c pass` of the same interpreter, with compiled modules as an installation has them.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))

from benchmarks.dialplan.generate import menus
from benchmarks.dialplan.loading import install

STEPS_OF_MENU = 19
MENUS = (500, 5_000)
CORPUS = Path(os.environ.get("CONCIERGE_CORPUS") or ROOT.parent / "shared" / "corpus")
TEN_LINES = "[a]\n" + "".join(f"exten => {n},1,Dial(PJSIP/{n},20)\nsame => n,Hangup()\n" for n in range(100, 104))
LINT = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from concierge.cli import main; sys.exit(main())"
STARTS = 20


class Spent(NamedTuple):
    """CPU and wall seconds, peak megabytes of one process."""

    cpu: float
    wall: float
    peak: float


def child(command: list[str | Path], folder: Path) -> Spent:
    """What a program takes to its end; compiled modules are read from `folder`."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    quiet = subprocess.DEVNULL
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, env=environment)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return Spent(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024)


def median(command: list[str | Path], repeat: int, folder: Path) -> Spent:
    """The median of each figure, the highest peak."""
    runs = [child(command, folder) for _ in range(repeat)]
    cpu, wall = (statistics.median(figures) for figures in list(zip(*runs, strict=True))[:2])
    return Spent(cpu, wall, max(run.peak for run in runs))


def ours(path: Path, *more: str) -> list[str | Path]:
    return [sys.executable, "-c", LINT, "lint", *more, path]


def plans(folder: Path, corpus: Path) -> dict[str, tuple[Path, int]]:
    """Name, file and number of menus (0: not counted)."""
    made: dict[str, tuple[Path, int]] = {}
    for count in MENUS:
        path = folder / f"menus-{count}" / "extensions.conf"
        path.parent.mkdir()
        path.write_text("".join(menus(count * STEPS_OF_MENU)))
        made[f"{count} menus"] = path, count
    for path in sorted(corpus.glob("sets/masked--*/extensions.conf")):
        made[path.parent.name.partition("__")[2]] = path, 0
    return made


def compare(lint: Path, wanted: dict[str, tuple[Path, int]], repeat: int, jobs: int, folder: Path) -> None:
    print(f"{'plan':<16}{'CPU s':>7}{'wall s':>8}{'MB':>6}{'ms per menu':>13}", end="")
    print(f"{f'wall s, {jobs} jobs':>16}{'asterisklint CPU s':>20}{'wall s':>8}{'ratio CPU':>11}{'wall':>7}")
    for name, (path, count) in wanted.items():
        own = median(ours(path), repeat, folder)
        shared = median(ours(path, "--jobs", str(jobs)), repeat, folder)
        other = median([lint, "dialplan-check", path], 1, folder)
        each = f"{1000 * own.cpu / count:.2f}" if count else ""
        print(
            f"{name:<16}{own.cpu:>7.2f}{own.wall:>8.2f}{own.peak:>6.0f}{each:>13}{shared.wall:>16.2f}"
            f"{other.cpu:>20.2f}{other.wall:>8.2f}{other.cpu / own.cpu:>10.2f}x{other.wall / shared.wall:>6.2f}x",
            flush=True,
        )


def start(folder: Path) -> None:
    """Ten lines against nothing, with the packages that the environment loads by itself and without."""
    path = folder / "ten" / "extensions.conf"
    path.parent.mkdir()
    path.write_text(TEN_LINES)
    for name, isolated in (("as installed here", []), ("without site (-I -S)", ["-I", "-S"])):
        python = [sys.executable, *isolated]
        child([*python, "-c", LINT, "lint", path], folder)
        bare = median([*python, "-c", "pass"], STARTS, folder)
        ten = median([*python, "-c", LINT, "lint", path], STARTS, folder)
        print(
            f"start {name}: {1000 * ten.cpu:.0f} ms CPU, bare interpreter {1000 * bare.cpu:.0f} ms:"
            f" {ten.cpu / bare.cpu:.2f}x; wall {ten.wall / bare.wall:.2f}x"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asterisklint", type=Path)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sys.pycache_prefix = str(folder / "compiled")
        for package in ("concierge", "dialplan"):
            compileall.compile_dir(ROOT / package, quiet=1)
        start(folder)
        lint = args.asterisklint or install(folder / "venv")
        compare(lint, plans(folder, args.corpus), args.repeat, args.jobs, folder)


if __name__ == "__main__":
    main()
