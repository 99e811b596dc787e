"""A counter counts as empty only where nothing at all may have set it (D108)."""

from __future__ import annotations

import pytest

from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.plan import loads
from dialplan.rule import choose
from dialplan.subject import from_files

LOOP = """same => n,While($[${N} < 3])
same => n,Playback(x)
same => n,Set(N=$[${N} + 1])
same => n,EndWhile()
same => n,Dial(PJSIP/operator,30)
[init]
exten => s,1,Set(N=0)
same => n,Return()
[local]
exten => s,1,Set(LOCAL(N)=0)
same => n,Return()
"""
SETS = """Set(ARRAY(N,M)=0,1) MSet(N=0,X=1) Read(N,hi,1) Set(__N=0) Set(GLOBAL(N)=0) Gosub(init,s,1) Set(N=${DB(a/b)})
AGI(x.py) Set(Q=${SET(N=0)}) ImportVar(N=chan,N) Exec(Set(N=0)) Set(${NAME}=0) Stasis(x)
ExecIf($["${N}"=""]?Set(N=0)) ExecIfTime(9:00-17:00,mon-fri,*,*?Set(N=0)) Set(N=${SHARED(N)})"""
LEAVES_IT = (
    "NoOp(${INC(N)}) Set(M=0) Set(HASH(N)=0) Gosub(local,s,1) Set(CHANNEL(language)=de) Dial(PJSIP/1,20,b(init^s^1))"
)


def found(first: str) -> list[str]:
    text = f"[from-trunk]\nexten => s,1,Answer()\nsame => n,{first}\n{LOOP}"
    return [
        one.code for one in lint(from_files(loads(text.encode()), tables.load("22")), choose(["D108"], [])).findings
    ]


@pytest.mark.parametrize("first", SETS.split())
def test_what_may_set_it_keeps_lint_quiet(first: str) -> None:
    assert found(first) == []


@pytest.mark.parametrize("first", LEAVES_IT.split())
def test_what_sets_something_else_does_not(first: str) -> None:
    assert found(first) == ["D108"]
