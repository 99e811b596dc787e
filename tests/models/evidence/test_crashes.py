"""Evidence that nobody touched has no findings, whatever its writers went through."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from models.evidence.verify import verify

ROOT = Path(__file__).parents[3]

WRITER = """
import sys, random, time
sys.path.insert(0, {root!r})
sys.path.insert(0, {fuzz!r})
from pathlib import Path
import tampering
from models.store import Store
from models.errors import StoreBusy
from models.suppression import Kind
path, seed, until = Path(sys.argv[1]), int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
roll = random.Random(seed)
store = Store(path)
print("ready", flush=True)
while time.monotonic() < until:
    number = tampering.FIRST + roll.randrange(50)
    try:
        match roll.randrange(6):
            case 0 | 1 | 2:
                store.write_checks([tampering.asked(number, tampering.NOW, True) for _ in range(roll.randrange(1, 9))])
            case 3:
                store.record(tampering.listed(number))
            case 4:
                store.record(tampering.listed(number, Kind.REMOVE))
            case 5:
                with store.writing() as connection:
                    store.remove_rows(connection, "check", [roll.randrange(1, 500)], "retention", "test")
    except StoreBusy:
        pass
store.close()
"""


def start(path: Path, seed: int, seconds: float) -> subprocess.Popen[str]:
    code = WRITER.format(root=str(ROOT), fuzz=str(ROOT / "tests" / "fuzz"))
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(seed), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def finish(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.wait(30)
        process.stdout.close()


def test_writers_that_write_at_once_and_are_killed_at_any_moment_leave_a_chain_without_findings(db):
    roll = random.Random(1)
    writers = [start(db, seed, 30) for seed in range(2)]
    until = time.monotonic() + 20
    while verify(db).links < 20 + roll.randrange(20):
        assert time.monotonic() < until, "nobody writes"
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    finish(*writers)
    assert verify(db).findings == []
    after = start(db, 3, 0.2)
    finish(after)
    assert after.returncode == 0 and verify(db).findings == []
