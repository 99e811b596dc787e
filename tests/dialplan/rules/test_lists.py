"""A loop that takes a list apart comes to an end, however the list was made: none is a busy loop (D3)."""

from __future__ import annotations

import pytest

from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import choose
from dialplan.subject import from_files

LISTS = ("${DB(a/b)}", "a&b&c", "", "${ODBC_X(1)}", "${ARG1}", "${DB(a/b)}&x")
LOOPS = (
    ('While($["${SET(X=${SHIFT(L,&)})}" != ""])', "NoOp(${X})", "EndWhile()"),
    ('While($["${SHIFT(L,&)}" != ""])', "EndWhile()"),
    ("While($[${LEN(${L})} > 0])", "Set(X=${POP(L,&)})", "EndWhile()"),
    ('While($["${L}" != ""])', "MSet(X=${SHIFT(L,&)})", "EndWhile()"),
    ('While($["${L}" != ""])', 'ExecIf($["${ME}" = "x"]?NoOp():Set(X=${SHIFT(L,&)}))', "EndWhile()"),
    ('While($["${L}" != ""])', "Set(X=${CUT(L,&,1)})", "Set(L=${LISTFILTER(L,&,${X})})", "EndWhile()"),
    ('While($["${L}" != ""])', "Set(L=${CUT(L,&,2-)})", "EndWhile()"),
    ('While($["${L}" != ""])', "Set(L=${L:2})", "EndWhile()"),
    ('While($["${L}" != ""])', "Gosub(sub,s,1(${SHIFT(L,&)}))", "EndWhile()"),
    ('While($["${L}" != ""])', "Gosub(takes,s,1)", "EndWhile()"),
    ("Set(X=${SHIFT(L,&)})", 'While($["${X}" != ""])', "Set(X=${SHIFT(L,&)})", "EndWhile()"),
    ("Set(N=1)", 'While($["${CUT(L,&,${N})}" != ""])', "Set(N=$[${N}+1])", "EndWhile()"),
    ("Set(N=${FIELDQTY(L,&)})", "While($[${N}])", "Set(N=$[${N}-1])", "EndWhile()"),
    ("Set(N=0)", "While($[${INC(N)} <= ${FIELDQTY(L,&)}])", "NoOp(${CUT(L,&,${N})})", "EndWhile()"),
)
SUBS = "[sub]\nexten => s,1,Return()\n[takes]\nexten => s,1,Set(X=${SHIFT(L,&)})\nsame => n,Return()\n"


@pytest.mark.parametrize("given", LISTS)
@pytest.mark.parametrize("version", ["16", "22"])
def test_a_list_that_is_taken_apart_ends(given: str, version: str) -> None:
    contexts = [
        f"[from-{number}]\nexten => s,1,Set(L={given})\n"
        + "".join(f"same => n,{line}\n" for line in (*loop, "Dial(PJSIP/operator,30)"))
        for number, loop in enumerate(LOOPS)
    ]
    subject = from_files(loads(("".join(contexts) + SUBS).encode()), tables.load(version))
    assert not lint(subject, choose(["D3"], [])).findings


def test_a_list_from_which_nothing_is_taken_does_not_end() -> None:
    text = (
        '[from-x]\nexten => s,1,Set(L=a&b)\nsame => n,While($["${L}" != ""])\nsame => n,NoOp()\nsame => n,EndWhile()\n'
    )
    subject = from_files(loads(text.encode()), tables.load("22"))
    assert [one.code for one in lint(subject, choose(["D3"], [])).findings] == ["D303"]
