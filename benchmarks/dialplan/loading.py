"""From files to plan: CPU time against asterisklint's and against a real Asterisk's reload, in one run.

    python benchmarks/dialplan/loading.py [--asterisklint PATH] [--root DIR] [--repeat 5]

asterisklint 0.4.3 is installed into a throw-away virtualenv unless PATH names its executable. Asterisk runs
in the root DIR (default: concierge/asterisk-22 in the cache folder; needs root; loopback only). Both Python
programs are timed with their start-up, as child processes; Asterisk's CPU time is that of its process during
the reload.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fuzz")]

from lab import Lab, default_roots

from benchmarks.dialplan.generate import SHAPES

SIZES = {
    "menus": (1_000, 10_000, 100_000),
    "explicit": (1_000, 10_000),
    "flat": (10_000,),
    "patterns": (10_000,),
}
OURS_ONLY = {"flat": (100_000,), "explicit": (100_000,), "patterns": (50_000, 100_000)}
_LOAD = "import sys; from dialplan.plan import load; load(sys.argv[1])"
_TICK = os.sysconf("SC_CLK_TCK")


def install(folder: Path) -> Path:
    """asterisklint in a virtualenv of its own; the path of its executable."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin/pip", "-q", "install", "asterisklint==0.4.3"], check=True)
    return folder / "bin/asterisklint"


def child(command: list[str | Path]) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one program run to its end."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def ours(path: Path, repeat: int) -> tuple[float, float]:
    runs = [child([sys.executable, "-c", _LOAD, str(path)]) for _ in range(repeat)]
    return statistics.median(cpu for cpu, _ in runs), max(peak for _, peak in runs)


def reload(lab: Lab, text: str, repeat: int) -> float:
    """Median CPU seconds of `dialplan reload`."""
    (lab.etc / "extensions.conf").write_text(text)
    spent = []
    for _ in range(repeat):
        before = _cpu(lab.pid)
        lab.command("dialplan reload")
        spent.append(_cpu(lab.pid) - before)
    return statistics.median(spent)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def compare(lab: Lab | None, lint: Path, repeat: int, folder: Path) -> None:
    print(f"{'plan':<18}{'ours s':>8}{'MB':>6}{'asterisklint s':>16}{'MB':>6}{'ratio':>7}", end="")
    print(f"{'reload s':>10}{'ratio':>7}")
    for shape, sizes in SIZES.items():
        for size in sizes:
            text = "".join(SHAPES[shape](size))
            path = folder / "extensions.conf"
            path.write_text(text)
            cpu, peak = ours(path, repeat)
            other, other_peak = child([lint, "dialplan-check", str(path)])
            real = reload(lab, text, repeat) if lab else float("nan")
            print(
                f"{shape + ' ' + str(size):<18}{cpu:>8.2f}{peak:>6.0f}{other:>16.2f}{other_peak:>6.0f}"
                f"{other / cpu:>6.1f}x{real:>10.2f}{cpu / max(real, 1 / _TICK):>6.1f}x",
                flush=True,
            )


def alone(repeat: int, folder: Path) -> None:
    """Sizes at which the others need minutes, to see that ours stays linear."""
    for shape, sizes in OURS_ONLY.items():
        for size in sizes:
            path = folder / "extensions.conf"
            path.write_text("".join(SHAPES[shape](size)))
            cpu, peak = ours(path, repeat)
            print(f"{shape + ' ' + str(size):<18}{cpu:>8.2f}{peak:>6.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asterisklint", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    root = args.root or next(iter(default_roots()), None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lint = args.asterisklint or install(folder / "venv")
        lab = Lab(root) if root else None
        try:
            compare(lab, lint, args.repeat, folder)
        finally:
            if lab:
                lab.close()
        alone(args.repeat, folder)


if __name__ == "__main__":
    main()
