"""Differential fuzzing of dialplan.expression against real Asterisks.

    python tests/fuzz/expressions.py --count 5000 --seed 1 [--root DIR ...] [--show 50]

Each generated text becomes `Set(Rn=text)` in an extension of a private Asterisk (chroot DIR, needs root;
loopback only), whose result is read back over FastAGI and compared byte by byte with ours. A text that we
call Unknown is counted, not compared. Roots default to concierge/asterisk-22 and asterisk-16 below
$XDG_CACHE_HOME or ~/.cache.
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from expression_asterisk import BATCH, measured  # noqa: E402
from expression_texts import VARIABLES, Generator  # noqa: E402
from lab import default_roots  # noqa: E402

from dialplan.expression import Evaluation, Hole, Unknown, Value, World, evaluation  # noqa: E402

BASE: dict[str, Value] = {**VARIABLES, "NEW": "", "UNSET": "", "": ""}
TARGETS = {("target", "100", 1), ("target", "100", 2), ("target", "s", 1)}


def exists(context: str, extension: str, priority: str) -> bool | None:
    """DIALPLAN_EXISTS in the generated plan."""
    if not context or not extension:
        return None if extension else context == "target"
    if priority and not priority.isdigit():
        return None
    return (context, extension, int(priority or "1")) in TARGETS


def outcome(text: str, number: int, version: int, now: datetime, others: Mapping[str, Value]) -> Evaluation:
    """Our evaluation; `others` are variables that earlier texts have left behind."""
    world = World(globals={"GV": "gval"}, dialplan_exists=exists, version=version)
    return evaluation(f"R{number}={text}", {**others, **BASE}, world=world, now=now)


def expected(
    text: str, number: int, version: int, now: datetime, others: Mapping[str, Value] = MappingProxyType({})
) -> str | Unknown:
    """Our value, Unknown where we cannot tell."""
    value = outcome(text, number, version, now, others).value
    return value if isinstance(value, Unknown) else value[len(f"R{number}=") :]


def crashes(text: str, version: int) -> bool:
    """Whether we say that this text ends Asterisk itself."""
    value = expected(text, 0, version, datetime.now(UTC))
    holes = [] if isinstance(value, str) else [piece for piece in value.pieces if isinstance(piece, Hole)]
    return any(hole.reason.startswith("Asterisk crashes") for hole in holes)


def compare(root: Path, texts: list[str], show: int) -> collections.Counter[str]:
    """Run and judge, printing at most `show` differences, all texts but those that we say crash Asterisk."""
    kept = [text for text in texts if not any(crashes(text, version) for version in (16, 22))]
    totals = judged(root, kept, show)
    totals["crashing"] = len(texts) - len(kept)
    return totals


def judged(root: Path, texts: list[str], show: int) -> collections.Counter[str]:
    """Measure and compare."""
    started = datetime.now(UTC).replace(microsecond=0)
    version, results = measured(root, texts)
    seconds = int((datetime.now(UTC) - started).total_seconds()) + 1
    moments = [started + timedelta(seconds=later) for later in range(seconds + 1)]
    totals = collections.Counter[str](texts=len(texts), answered=len(results))
    others: dict[str, Value] = {}
    for number, theirs in sorted(results.items()):
        if number % BATCH == 0:
            others.clear()
        text = texts[number]
        ours = expected(text, number, version, started, others)
        if isinstance(ours, Unknown):
            totals.update(["unknown", f"  unknown: {ours.reason[:60]}"])
        elif theirs == ours or theirs in (expected(text, number, version, now, others) for now in moments):
            totals["equal"] += 1
        else:
            totals["different"] += 1
            if totals["different"] <= show:
                print(f"{version}: {text!r}\n   Asterisk {theirs!r}\n   ours     {ours!r}")
        others |= outcome(text, number, version, started, others).changes
    return totals


def main() -> int:
    """The command; 1 when something differs or is not answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=30)
    parser.add_argument("--reasons", action="store_true", help="also list why texts are unknown")
    parser.add_argument("--root", type=Path, action="append", help="an Asterisk root (repeatable)")
    arguments = parser.parse_args()
    generator = Generator(arguments.seed)
    texts = [generator.text() for _ in range(arguments.count)]
    failed = False
    for root in arguments.root or default_roots():
        totals = compare(root.resolve(), texts, arguments.show)
        print(root, {name: value for name, value in totals.most_common() if not name.startswith(" ")})
        if arguments.reasons:
            print("\n".join(f"{name}: {value}" for name, value in totals.most_common() if name.startswith(" ")))
        failed |= bool(totals["different"]) or totals["answered"] < totals["texts"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
