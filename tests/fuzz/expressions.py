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
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from expression_asterisk import measured  # noqa: E402
from expression_texts import VARIABLES, Generator  # noqa: E402
from lab import default_roots  # noqa: E402

from dialplan.expression import Hole, Unknown, World, evaluation  # noqa: E402

TARGETS = {("target", "100", 1), ("target", "100", 2), ("target", "s", 1)}


def exists(context: str, extension: str, priority: str) -> bool | None:
    """DIALPLAN_EXISTS in the generated plan."""
    if not context or not extension:
        return None if extension else context == "target"
    if priority and not priority.isdigit():
        return None
    return (context, extension, int(priority or "1")) in TARGETS


def expected(text: str, number: int, version: int, now: datetime) -> str | Unknown:
    """Our value, Unknown where we cannot tell."""
    world = World(globals={"GV": "gval"}, dialplan_exists=exists, version=version)
    value = evaluation(f"R{number}={text}", {**VARIABLES, "NEW": ""}, world=world, now=now).value
    if isinstance(value, Unknown):
        return value
    return value[len(f"R{number}=") :]


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
    totals = collections.Counter[str](texts=len(texts), answered=len(results))
    for number, measured_value in results.items():
        ours = expected(texts[number], number, version, started)
        if isinstance(ours, Unknown):
            totals.update(["unknown", f"  unknown: {ours.reason[:60]}"])
            continue
        moments = (started + timedelta(seconds=later) for later in range(seconds + 1))
        same = ours == measured_value or any(
            expected(texts[number], number, version, now) == measured_value for now in moments
        )
        totals["equal" if same else "different"] += 1
        if not same and totals["different"] <= show:
            print(f"{version}: {texts[number]!r}\n   Asterisk {measured_value!r}\n   ours     {ours!r}")
    return totals


def main() -> int:
    """The command; 1 when something differs or is not answered."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
            print(
                "\n".join(f"{name}: {value}" for name, value in totals.most_common() if name.startswith(" "))
            )
        failed |= bool(totals["different"]) or totals["answered"] < totals["texts"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
