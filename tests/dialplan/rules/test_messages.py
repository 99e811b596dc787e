"""What findings quote is what stands in the plan."""

from __future__ import annotations

import pytest

from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import choose
from dialplan.subject import from_files


@pytest.mark.parametrize("test", ["${KEY} = 10", '"${KEY}" = "10"', "${KEY:0:1} = 10"])
def test_a_comparison_is_quoted_whole(test: str) -> None:
    text = f"[from-x]\nexten => s,1,Read(KEY,menu,1,,1,5)\nsame => n,GotoIf($[ {test} ]?3)\nsame => n,Hangup()\n"
    subject = from_files(loads(text.encode()), tables.load("22"))
    (found,) = lint(subject, choose(["D108"], [])).findings
    assert found.message.startswith(f"{test} is never true: ")
