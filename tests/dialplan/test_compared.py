"""The table of docs/compared.md is what the judged findings beside it say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.dialplan.judged import TOOLS, VERDICTS, rows, table
from dialplan.rule import rules

PAGE = Path(__file__).parents[2] / "docs" / "compared.md"
SAMPLE = 100


def test_the_table_is_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "\n".join(table()) in text


@pytest.mark.parametrize("tool", TOOLS)
def test_so_many_different_findings_of_each_tool_are_judged_with_a_reason(tool: str) -> None:
    own = [row for row in rows("judged.csv") if row["tool"] == tool]
    assert len(own) == len({tuple(row.items()) for row in own}) == SAMPLE
    assert all(row["verdict"] in VERDICTS and row["why"] and row["source"] and row["file"] for row in own)


def test_every_kind_that_a_tool_has_said_is_in_its_sample() -> None:
    judged = Counter((row["tool"], row["code"]) for row in rows("judged.csv"))
    found = {(row["tool"], row["code"]): int(row["count"]) for row in rows("found.csv")}
    assert judged.keys() == found.keys()
    assert all(number <= found[key] for key, number in judged.items())


def test_what_was_wrong_of_ours_says_what_became_of_it() -> None:
    own = [row for row in rows("judged.csv") if row["tool"] == "concierge lint"]
    assert {row["code"] for row in own} <= {rule.code for rule in rules()}
    assert all(row["now"] for row in own if row["verdict"] != "right")
