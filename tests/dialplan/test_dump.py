"""The canonical form of a plan, and what it never shows."""

from __future__ import annotations

import json

import pytest

from dialplan.dump import as_data, as_text
from dialplan.plan import loads

TEXT = b"""[globals]
AMPDBPASS=hunter2
RING=15
URL=http://u:hunter2@h/
[b]
exten => _X.,1(go),Dial(SIP/${EXTEN},${RING})
exten => 12/34,1,Hangup
exten => 5,hint,SIP/5
include => a,9:00-17:00,mon-fri,*,*
ignorepat => 9
switch => Lua/x
[a]
"""


def test_the_form_that_others_rely_on() -> None:
    data = as_data(loads(TEXT))
    assert [context["name"] for context in data["contexts"]] == ["a", "b"]
    context = data["contexts"][1]
    assert (context["file"], context["line"]) == ("extensions.conf", 5)
    assert context["extensions"][1] == {
        "pattern": "5",
        "cid": None,
        "priorities": [],
    }
    assert context["extensions"][2]["priorities"] == [
        {
            "priority": 1,
            "label": "go",
            "application": "Dial",
            "data": "SIP/${EXTEN},${RING}",
            "file": "extensions.conf",
            "line": 6,
        }
    ]
    assert context["extensions"][0]["cid"] == "34"
    assert {"exten": "5", "data": "SIP/5"}.items() <= context["hints"][0].items()
    assert context["includes"] == [{"context": "a", "timing": "9:00-17:00,mon-fri,*,*"}]
    assert context["ignorepats"] == ["9"]
    assert context["switches"] == [{"kind": "switch", "name": "Lua", "data": "x"}]
    assert data["loads"] is True
    assert json.loads(json.dumps(data)) == data


def test_globals_are_shown_by_name_unless_asked_for() -> None:
    plan = loads(TEXT)
    assert as_data(plan)["globals"] == {"AMPDBPASS": None, "RING": None, "URL": None}
    assert as_data(plan, values=True)["globals"] == {"AMPDBPASS": "***", "RING": "15", "URL": "***"}
    assert as_data(plan, values=True, secrets=True)["globals"]["AMPDBPASS"] == "hunter2"


@pytest.mark.parametrize("line", ["exten => ${AMPDBPASS},1,A", "include => ${AMPDBPASS}", "switch => L/${AMPDBPASS}"])
def test_a_credential_that_is_part_of_the_plan_is_blotted_out(line: str) -> None:
    plan = loads(TEXT + line.encode() + b"\n")
    for values in (False, True):
        assert "hunter2" not in json.dumps(as_data(plan, values=values))
        assert "hunter2" not in "\n".join(as_text(as_data(plan, values=values)))
    assert "hunter2" in json.dumps(as_data(plan, secrets=True))
    assert "hunter2" not in repr(loads(TEXT + (line + "\n").encode() * 2).diagnostics)


def test_text_is_a_dialplan_again() -> None:
    plan = loads(TEXT)
    again = loads("\n".join(as_text(as_data(plan, values=True, secrets=True))).encode())
    first, second = as_data(plan, values=True, secrets=True), as_data(again, values=True, secrets=True)
    for data in (first, second):
        data.pop("files")
        for context in data["contexts"]:
            context.pop("line")
            for entry in [*context["hints"], *(s for e in context["extensions"] for s in e["priorities"])]:
                entry.pop("line")
    assert first == second


def test_what_asterisk_refuses_says_so() -> None:
    plan = loads(b"[a]\nexten => 1,1,A\n[b\n")
    data = as_data(plan)
    assert (data["loads"], data["contexts"]) == (False, [])
    assert data["diagnostics"][0]["line"] == 3
    assert any("refuses" in line for line in as_text(data))
