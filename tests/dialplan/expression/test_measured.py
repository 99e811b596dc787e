"""Every text whose value was measured on Asterisk 22.10 and 16.28 has that value."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import pytest

from dialplan.expression import Unknown

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CANNOT_BE_TOLD_IN_16 = 2  # nested 16 deep, where 16.28 has no limit but a small stack


@pytest.mark.parametrize("version", [22, 16])
def test_values_are_asterisks(fuzz: ModuleType, measured: list[tuple[str, str, str]], version: int) -> None:
    found = {text: fuzz.expected(text, 0, version, NOW) for text, _, _ in measured}
    wanted = {text: in_22 if version == 22 else in_16 for text, in_22, in_16 in measured}
    unknown = [text for text, value in found.items() if isinstance(value, Unknown)]
    assert len(unknown) == (CANNOT_BE_TOLD_IN_16 if version == 16 else 0), unknown
    assert {text: value for text, value in found.items() if text not in unknown} == {
        text: value for text, value in wanted.items() if text not in unknown
    }


def test_the_table_is_whole(measured: list[tuple[str, str, str]]) -> None:
    assert len(measured) > 370
    assert len({text for text, _, _ in measured}) == len(measured)
