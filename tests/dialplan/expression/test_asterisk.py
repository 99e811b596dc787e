"""A share of the differential fuzzing, on the real servers."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

SEED = 20261121
COUNT = 400


def roots() -> list[Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concierge"
    return [path for path in (cache / "asterisk-22", cache / "asterisk-16") if path.is_dir()]


@pytest.mark.asterisk
def test_random_texts_and_the_measured_ones(
    fuzz: ModuleType, measured: list[tuple[str, str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    if not roots() or os.geteuid() != 0:
        pytest.skip("needs the Asterisk roots below the cache folder, and root for chroot")
    generator = fuzz.Generator(SEED)
    texts = [generator.text() for _ in range(COUNT)] + [text for text, _, _ in measured]
    for root in roots():
        totals = fuzz.compare(root, texts, 10)
        assert totals["different"] == 0, capsys.readouterr().out
        assert totals["answered"] == totals["texts"]
        assert totals["unknown"] < totals["texts"] // 10
