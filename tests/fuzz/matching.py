"""Differential fuzzing of matching against real Asterisks: which steps does a call run, one after the other?

    python tests/fuzz/matching.py --count 3000 --seed 1 [--root DIR ...]

Each case is a set of patterns with gaps in their priorities, caller-id patterns and includes (some timed),
and a number
that is called through a Local channel of a private Asterisk (chroot DIR, needs root; loopback only). Its
UserEvents
must name the steps that `find` gives for priority 1, 2, 3 … and then for the extension h. The order of the
extensions is compared through `dialplan show`.
"""

# ruff: noqa: E402 - runnable from anywhere
from __future__ import annotations

import argparse
import random
import re
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from lab import Lab, default_roots
from show import blocks, shown

from dialplan.plan import loads
from dialplan.plan.match import find
from dialplan.plan.model import Plan

SETS = 100
_NUMBERS = [
    "1",
    "2",
    "12",
    "21",
    "123",
    "129",
    "132",
    "1-2",
    "1234",
    "5",
    "9",
    "91",
    "912",
    "*9",
    "#",
    "s",
    "i",
    "t",
    "h",
    "ab",
    "N",
    "X",
    "x",
    ".",
    "0",
    "00",
    "1a",
    "a1",
    "+",
    "+48",
    "12#",
    "99999",
    "2x",
    "1.2",
    "_X",
    "_1X",
    "_12",
]
_CALLERS = ["", "1", "12", "123", "9", "48501", "a1"]
_PIECES = [
    "X",
    "x",
    "Z",
    "z",
    "N",
    "n",
    "1",
    "2",
    "9",
    "[1-3]",
    "[13]",
    "[2-9a]",
    "[]",
    "[5-1]",
    "-",
    "*",
    "#",
    "a",
    "0",
    "[X-Z]",
    "+",
]


class Cases:
    """One plan with many small contexts, and the calls to it."""

    def __init__(self, seed: int, sets: int) -> None:
        self.random = random.Random(seed)
        self.lines = ["[general]", "autofallthrough=yes"]
        self.calls: list[tuple[str, str, str]] = []
        self._step = 0
        for number in range(sets):
            self._context(number)

    def text(self) -> bytes:
        return ("\n".join(self.lines) + "\n").encode()

    def _context(self, number: int) -> None:
        self.lines.append(f"[c{number}]")
        self._patterns: list[str] = []
        for _ in range(self.random.randint(1, 9)):
            self._extension()
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 3])):
            low = max(0, number - 5)
            self.lines.append(f"include => c{self.random.randint(low, number + 2)}{self._timing()}")
        for _ in range(self.random.randint(3, 6)):
            self.calls.append((f"c{number}", self._number(), self.random.choice(_CALLERS)))

    def _timing(self) -> str:
        if self.random.random() < 0.4:
            return ""
        pick = self.random.choice
        minutes = [f"{self.random.randint(0, 23)}:{pick(['00', '05', '5', '59', '30'])}" for _ in range(4)]
        times = [
            "*",
            "",
            f"{minutes[0]}-{minutes[1]}",
            f"{minutes[0]}-{minutes[1]}&{minutes[2]}-{minutes[3]}",
            "25:0",
        ]
        days = [pick(["sun", "mon", "TUE", "wed", "thu", "fri", "sat", "1", "7", "x"]) for _ in range(2)]
        dates = [str(self.random.randint(1, 32)) for _ in range(2)]
        months = [self._month(self.random.randint(0, 11)) for _ in range(2)]
        parts = [times]
        parts += [["*", "*", "", "-".join(f), "&".join(f), f[0]] for f in (days, dates, months)]
        separator = pick([",", ",", "|"])
        return separator + separator.join(pick(part) for part in parts[: self.random.randint(1, 4)])

    def _month(self, ahead: int) -> str:
        return datetime(2000, (datetime.now(UTC).month - 1 + ahead) % 12 + 1, 1, tzinfo=UTC).strftime("%b").lower()

    def _extension(self) -> None:
        exten = self._pattern() if self.random.random() < 0.7 else self.random.choice(_NUMBERS)
        self._patterns.append(exten)
        if self.random.random() < 0.2:
            exten += "/" + (self._pattern() if self.random.random() < 0.5 else self.random.choice(_CALLERS))
        for priority in range(1, 6):
            if self.random.random() < (0.75 if priority == 1 else 0.4):
                self._step += 1
                self.lines.append(f"exten => {exten},{priority},UserEvent(step,Id: {self._step})")

    def _pattern(self) -> str:
        body = "".join(self.random.choice(_PIECES) for _ in range(self.random.choice([0, 1, 1, 2, 2, 3, 4])))
        return "_" + body + self.random.choice(["", "", ".", "!"])

    def _number(self) -> str:
        if self.random.random() < 0.6:
            return self._fitting(self.random.choice(self._patterns)) or "1"
        if self.random.random() < 0.5:
            return self.random.choice([n for n in _NUMBERS if "_" not in n])
        return "".join(self.random.choice("12395a*") for _ in range(self.random.randint(1, 5)))

    def _fitting(self, pattern: str) -> str:
        """Mostly a number that fits."""
        if not pattern.startswith("_"):
            return pattern
        digits = ""
        for piece in re.findall(r"\[[^]]*\]|.", pattern[1:]):
            choices = {"X": "0159", "Z": "159", "N": "259", ".": "179", "!": "17"}.get(piece.upper(), piece)
            if piece != "[]":
                digits += self.random.choice(choices.strip("[]").replace("-", "") if piece[0] == "[" else choices)
        return digits[: -1 if self.random.random() < 0.1 else None] + self.random.choice(["", "", "", "1"])


def expected(plan: Plan, context: str, number: str, caller: str, when: datetime) -> list[str]:
    """The steps that we say a call runs."""
    ids: list[str] = []
    for exten in (number, "h"):
        priority = 1
        while found := find(plan, context, exten, priority, caller, when):
            ids.append(found.step.data.split(": ")[1])
            priority += 1
        if not ids:
            return []  # a Local channel to a number that does not exist is not made, so there is no h
    return ids


def called(lab: Lab, context: str, number: str, caller: str, call: int) -> list[str]:
    """The steps that Asterisk ran."""
    lab.send(
        "Originate",
        ActionID=str(call),
        Channel=f"Local/{number}@{context}",
        Application="Wait",
        Data="9",
        CallerID=f"<{caller}>",
        Timeout="9000",
        Async="true",
        ChannelId=f"a{call}",
        OtherChannelId=f"b{call}",
    )
    ids: list[str] = []
    missing = {"response", f"a{call}", f"b{call}"}
    for message in lab.messages():
        fields = dict(line.decode("latin-1").split(": ", 1) for line in message if b": " in line)
        event = fields.get("Event")
        if event == "UserEvent" and fields.get("Uniqueid") == f"b{call}":
            ids.append(fields["Id"])
        elif event == "Hangup":
            missing.discard(fields.get("Uniqueid", ""))
        elif event == "OriginateResponse" and fields.get("ActionID") == str(call):
            missing.discard("response")
        if not missing:
            break
    return ids


def run(root: Path, seed: int, count: int) -> int:
    """How many differences there were."""
    outcomes: Counter[str] = Counter()
    version, batch = "", 0
    while outcomes["equal"] + outcomes["different"] < count and outcomes["started again"] < 5:
        with Lab(root) as lab:
            version = lab.version()
            lab.send("Events", EventMask="user,call")
            lab.answer()
            try:
                while outcomes["equal"] + outcomes["different"] < count:
                    outcomes += _batch(lab, seed, batch)
                    batch += 1
            except TimeoutError:  # a call that Asterisk lost: the whole batch once more
                outcomes["started again"] += 1
    print(f"Asterisk {version}: calls from seed {seed}: {dict(outcomes)}", flush=True)
    return outcomes["different"] + outcomes["plans different"] + (outcomes["started again"] >= 5)


def _batch(lab: Lab, seed: int, batch: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    cases = Cases(seed * 1_000_003 + batch, SETS)
    (lab.etc / "extensions.conf").write_bytes(cases.text())
    lab.command("dialplan reload")
    plan = loads(cases.text())
    same = blocks(plan) == shown(lab.command("dialplan show"))
    outcomes["plans" if same else "plans different"] += 1
    for number, call in enumerate(cases.calls):
        before = datetime.now(UTC)
        real = called(lab, *call, batch * 10_000 + number)
        ours = expected(plan, *call, before)
        if real != ours:  # the minute may have changed
            ours = expected(plan, *call, datetime.now(UTC))
        outcomes["equal" if real == ours else "different"] += 1
        outcomes["with steps"] += bool(real)
        if real != ours:
            print(f"seed {seed} batch {batch}: {call}: ours {ours} real {real}", flush=True)
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root", type=Path, action="append")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no Asterisk is left behind
    return int(sum(run(root, args.seed, args.count) for root in args.root or default_roots()) > 0)


if __name__ == "__main__":
    sys.exit(main())
