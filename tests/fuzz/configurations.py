"""Differential fuzzing of the configuration reader against real Asterisks.

    python tests/fuzz/configurations.py --count 3000 --seed 1 [--root DIR ...] [--keep DIR]

Each generated set of files is loaded by a private Asterisk (chroot DIR, needs root; loopback only) and by us.
Equal means: loaded or refused; `dialplan show` byte by byte (contexts, extensions in order, caller ids,
priorities, labels, applications, data, files, lines, includes, ignorepats, switches, hints); AMI's
ShowDialPlan; the globals; and the lines that the log complains about. Counted apart: sets that hold a value
which only a running Asterisk can know, and those that crash it (an unclosed [ in a pattern, a hint for a
pattern with a dash). Roots default to concierge/asterisk-22 and asterisk-16 below $XDG_CACHE_HOME or
~/.cache.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import posixpath
import re
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from grammar import Grammar
from lab import Lab, default_roots
from show import blocks, listed, place_name, raw, shown

from dialplan.plan import load
from dialplan.plan.model import Plan

SENTINEL = b"[general]\nclearglobalvars=yes\n[sentinel]\nsentinel%d = 1\nexten => 1,1,NoOp()\n"
_PLACE = re.compile(r"line (\d+) of (.*?)(?: -- IGNORING!!!|!)?$")
_WITHOUT_LINE = frozenset(
    [
        "included-again",
        "line-too-long",
        "comment-unterminated",
        "include-missing",
        "include-unknown",
        "label-in-use",
        "too-many-includes",
        "bad-time",
        "pattern-unclosed",
        "exec-skipped",
    ]
)


class DifferenceError(Exception):
    """Asterisk and we do not agree; says in what."""


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Put the files of one case there, and nothing else of ours."""
    shutil.rmtree(folder / "sub", ignore_errors=True)
    (folder / "sub").mkdir()
    for name in ("a.conf", "b.conf"):
        (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def compare(lab: Lab, files: dict[str, bytes], number: int) -> str:
    """`equal`, `refused` (by both) or `unknowable`; raises DifferenceError."""
    write(lab.etc, {"extensions.conf": SENTINEL % (2 * number)})
    lab.command("dialplan reload")
    write(lab.etc, files)
    lab.log_lines(f"sentinel{2 * number} ")
    lab.command("dialplan reload")
    plan = load(lab.etc / "extensions.conf")
    real = shown(lab.command("dialplan show"))
    values, entries = real_globals(lab), real_list(lab)
    write(lab.etc, {"extensions.conf": SENTINEL % (2 * number + 1)})
    lab.command("dialplan reload")
    log = lab.log_lines(f"sentinel{2 * number + 1} ")[:-1]
    if any("only known to a running" in what for what in plan.not_covered):
        return "unknowable"
    refused = list(real) == ["[ Context 'sentinel' created by 'pbx_config' ]"]
    _same("loads", plan.loads, not refused)
    _same("lines in the log", our_lines(plan), logged_lines(log))
    if refused:
        return "refused"
    for header in sorted({*real, *(ours := blocks(plan))}):
        _same(header, ours.get(header), real.get(header))
    _same("ShowDialPlan", listed(plan), entries)
    _same("globals", {raw(k): raw(v) for k, v in plan.globals.items()}, values)
    return "equal"


def real_globals(lab: Lab) -> dict[str, str]:
    lines = [line[3:] for line in lab.command("dialplan show globals") if line.startswith("   ")]
    return dict(line.split("=", 1) for line in lines if "=" in line)


def real_list(lab: Lab) -> list[tuple[str, str, str, str, str, str]]:
    lab.send("ShowDialPlan")
    found = []
    for message in lab.messages():
        fields = dict(line.decode("latin-1").split(": ", 1) for line in message if b": " in line)
        if fields.get("EventList") == "Complete" or fields.get("Response") == "Error":
            break
        if fields.get("Registrar") == "pbx_config" and fields.get("Priority", "hint") != "hint":
            names = ("Context", "Extension", "ExtensionLabel", "Priority", "Application", "AppData")
            found.append(tuple(fields.get(name, "") for name in names))
    return sorted(found)


def logged_lines(log: list[str]) -> Counter[tuple[str, int]]:
    found = (_PLACE.search(line) for line in log if "pbx_config.c" in line or "config.c" in line)
    return Counter({(posixpath.basename(place[2]), int(place[1])): 1 for place in found if place})


def our_lines(plan: Plan) -> Counter[tuple[str, int]]:
    return Counter({(place_name(d.place), d.place.line): 1 for d in plan.diagnostics if d.code not in _WITHOUT_LINE})


def _same(what: str, ours: object, real: object) -> None:
    if ours != real:
        raise DifferenceError(f"{what}:\n  ours {ours}\n  real {real}")


def run(root: Path, seed: int, count: int, keep: Path | None) -> int:
    """How many differences there were."""
    outcomes: Counter[str] = Counter()
    lab = Lab(root)
    try:
        version = lab.version()
        for number in range(count):
            files = Grammar(seed * 1_000_003 + number).files()
            try:
                outcomes[compare(lab, files, number)] += 1
                continue
            except DifferenceError as difference:
                problem = f"{difference}"
            except (TimeoutError, ConnectionError) as error:
                endless = "inherits-itself" in {d.code for d in load(lab.etc / "extensions.conf").diagnostics}
                lab.close()
                lab = Lab(root)
                if endless or isinstance(error, ConnectionError):
                    outcomes["hangs Asterisk" if endless else "crashes Asterisk"] += 1
                    continue
                problem = f"Asterisk does not answer: {error}"
            outcomes["different"] += 1
            print(f"seed {seed} number {number}: {problem}"[:3000], flush=True)
            if keep:
                write_case(keep / f"{seed}-{number}", files)
    finally:
        lab.close()
    print(f"Asterisk {version}: {count} sets of files from seed {seed}: {dict(outcomes)}", flush=True)
    return outcomes["different"]


def write_case(folder: Path, files: dict[str, bytes]) -> None:
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root", type=Path, action="append")
    parser.add_argument("--keep", type=Path, help="folder for the files of each difference")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no Asterisk is left behind
    return int(sum(run(root, args.seed, args.count, args.keep) for root in args.root or default_roots()) > 0)


if __name__ == "__main__":
    sys.exit(main())
