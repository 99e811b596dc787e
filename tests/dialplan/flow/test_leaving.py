"""Hang-up handlers and TIMEOUT(absolute): what the interpreter says, and that a real Asterisk runs the same."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from concierge.lab.engine import find_engine
from concierge.lab.errors import LabMissingError
from concierge.replay.caller import PlannedCall
from concierge.replay.compare import compare
from concierge.replay.sandbox import Sandbox
from dialplan.applications import tables
from dialplan.flow import At, Ended, Inputs, Trace, walk
from dialplan.plan import loads

Call = Callable[..., Trace]
PLANS = """[h1]
exten => s,1,Set(CHANNEL(hangup_handler_push)=hh,one,1(a,${EXTEN}))
 same => n,Set(CHANNEL(hangup_handler_push)=hh,two,1)
 same => n,Set(V=1)
 same => n,Hangup()
exten => h,1,NoOp(h ${V})
[hh]
exten => one,1,NoOp(one ${ARG1} ${ARG2} ${V} ${EXTEN})
 same => n,Gosub(deep,1(x))
 same => n,NoOp(${GOSUB_RETVAL} ${ARG1})
 same => n,Return()
 same => n,NoOp(never)
exten => two,1,Set(V=2)
 same => n,NoOp(falls off)
exten => deep,1,NoOp(${ARG1}${ARG2})
 same => n,Return(ret)
[h2]
exten => s,1,Set(CHANNEL(hangup_handler_push)=s,lab)
 same => n,Gosub(sub,1(q))
exten => sub,1,Set(CHANNEL(hangup_handler_push)=hh,none,1)
 same => n,Set(CHANNEL(hangup_handler_push)=hh,two,1)
 same => n,Set(CHANNEL(hangup_handler_pop)=hh,one,1(k))
 same => n,NoOp(off)
exten => s,9(lab),NoOp(lab ${ARG1} ${GOSUB_RETVAL} ${V})
 same => n,Wait(1)
 same => n,NoOp(never)
[h3]
exten => s,1,Set(CHANNEL(hangup_handler_push)=hh,one,1)
 same => n,Set(CHANNEL(hangup_handler_wipe)=)
 same => n,Set(CHANNEL(hangup_handler_push)=w)
 same => n(w),NoOp(in w ${EXTEN})
 same => n,Hangup()
[h4]
exten => s,1,Set(CHANNEL(hangup_handler_push)=pop,1)
 same => n,Hangup()
exten => pop,1,StackPop()
 same => n,NoOp(never)
[t1]
exten => s,1,Set(TIMEOUT(absolute)=1)
 same => n,Wait(3)
 same => n,NoOp(never)
exten => T,1,NoOp(T ${TIMEOUT(absolute)})
 same => n,Wait(0.2)
 same => n,NoOp(over)
[t2]
exten => s,1,Set(TIMEOUT(absolute)=1)
 same => n,Goto(t3,s,1)
exten => T,1,NoOp(not here)
[t3]
exten => s,1,WaitExten(3)
 same => n,NoOp(never)
exten => e,1,NoOp(${EXCEPTION(reason)} ${EXCEPTION(exten)})
exten => h,1,NoOp(h)
[t4]
exten => s,1,Set(TIMEOUT(absolute)=1)
 same => n,WaitExten(3)
exten => t,1,NoOp(t)
exten => h,1,NoOp(h)
[t5]
exten => s,1,Set(TIMEOUT(absolute)=1)
 same => n,Set(TIMEOUT(absolute)=0)
 same => n,Wait(1.4)
 same => n,NoOp(over)
exten => T,1,NoOp(T)
[t6]
exten => s,1,Set(TIMEOUT(absolute)=2)
 same => n,Wait(0.8)
 same => n,Set(TIMEOUT(absolute)=2)
 same => n,Wait(1.5)
 same => n,Goto(4)
exten => T,1,NoOp(T)
"""
PLACES = {
    "t1": ("s,1 s,2 T,1 T,2 T,3", Ended.FALLS_OFF),
    "t2": ("s,1 s,2 s,1 e,1", Ended.FALLS_OFF),
    "t4": ("s,1 s,2", Ended.TIMEOUT),
    "t5": ("s,1 s,2 s,3 s,4", Ended.FALLS_OFF),
    "t6": ("s,1 s,2 s,3 s,4 s,5 s,4 T,1", Ended.FALLS_OFF),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_limit_of_a_call_leads_to_capital_t_then_e(call: Call, name: str) -> None:
    trace = call(PLANS, f"{name},s,1")
    assert (" ".join(f"{s.exten},{s.priority}" for s in trace.steps), trace.end.kind) == PLACES[name]
    assert "neither prompts nor conversations" in " ".join(trace.notes)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        # after h, the last that was pushed first; one that does not return leaves no arguments behind
        ("h1", ["h 1", "V=2", "falls off", "one a s 2 one", "deep,1(x)", "x", "ret", "ret a", ""]),
        # popped for another; one that leads nowhere is skipped; nobody is there to wait for
        ("h2", ["one k   one", "deep,1(x)", "x", "ret", "ret k", "", "lab   ", "1"]),
        # wiped; a place in the extension that pushed it
        ("h3", ["in w s", ""]),
        # StackPop ends it
        ("h4", [""]),
    ],
)
def test_hang_up_handlers(call: Call, name: str, data: list[str]) -> None:
    assert [step.data for step in call(PLANS, f"{name},s,1").hangup_steps] == data


@pytest.fixture(params=["22", "16"])
def version(request: pytest.FixtureRequest) -> str:
    try:
        find_engine(request.param)
    except LabMissingError as error:
        if os.environ.get("CI") or request.config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return str(request.param)


@pytest.mark.asterisk
def test_a_real_asterisk_runs_the_same(version: str) -> None:
    plan, table = loads(PLANS.encode()), tables.load(version)
    entries = [name for name in plan.contexts if name[0] in "ht" and name not in ("hh", "t3")]
    with Sandbox(version) as sandbox:
        rans = sandbox.run(PLANS, [PlannedCall(name, "s") for name in entries], seconds=15)
    for name, ran in zip(entries, rans, strict=True):
        compared = compare(walk(plan, table, At(name), Inputs()), ran.steps, ended=ran.ended, limit=60)
        assert (name, compared.whole, compared.text) == (name, True, "")
