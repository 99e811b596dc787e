"""Exploring and walking are one: every way that exploring finds is the way that a walk takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Witness
from dialplan.flow import At, Ended, Inputs, Limits, explore, walk
from dialplan.flow.calls import LONGEST
from dialplan.flow.entries import contexts_of, parse
from dialplan.lint import Report, lint
from dialplan.plan import load, loads
from dialplan.report.text import render
from dialplan.rule import rules
from dialplan.subject import Subject, from_files

RULES = Path(__file__).parents[1] / "rules"
FIXTURES = sorted(RULES.glob("d*.conf"))
TABLE = tables.load("22")


def inputs_of(witness: Witness) -> Inputs:
    """What the witness says happened, as a walk takes it."""
    results: dict[str, list[str]] = {}
    for way in witness.ways:
        if way.kind == "result":
            results.setdefault(way.application, []).append(way.value)
    conditions = [way.value == "true" for way in witness.ways if way.kind in ("condition", "time")]
    return Inputs(keys=witness.keys, results=results, conditions=conditions)


def test_a_witness_is_a_call_that_can_be_walked() -> None:
    assert sum(walked(fixture) for fixture in FIXTURES) > 35


def walked(fixture: Path) -> int:
    """How many findings of a fixture have a witness; each is walked and must run through the same steps."""
    subject = from_files(load(fixture), TABLE)
    seen = 0
    for finding in lint(subject, rules()).findings:
        witness = finding.witness
        if witness is None or any(way.kind in ("condition", "target", "caller", "time") for way in witness.ways):
            continue
        context, exten, priority = witness.entry.rsplit(",", 2)
        trace = walk(subject.plan, TABLE, At(context, exten, int(priority)), inputs_of(witness))
        ran = [(step.context, step.exten, step.priority, step.place) for step in trace.steps]
        wanted = [(step.context, step.exten, step.priority, step.place) for step in witness.steps]
        assert ran[: len(wanted)] == wanted, finding.message
        seen += 1
    return seen


def test_the_graph_has_one_node_for_calls_that_differ_in_nothing_that_matters() -> None:
    lines = ["[a]", "exten => s,1,Set(SHOWN=${RAND(1,9)})", " same => n,Set(N=0)", " same => n(m),Background(x)"]
    lines += [" same => n,WaitExten(5)", "exten => 1,1,Set(SHOWN=1)", " same => n,Goto(s,m)"]
    lines += ["exten => i,1,Set(N=$[${N} + 1])", " same => n,GotoIf($[${N} < 3]?s,m:out,1)"]
    lines += ["exten => t,1,Goto(out,1)", "exten => out,1,Dial(PJSIP/1,20)"]
    space = explore(loads("\n".join(lines).encode()), TABLE, [At("a")])
    assert space.complete
    assert {name for state in space.states for name, _ in state.variables} == {"N"}
    assert len(space.states) < 40
    ends = {edge.end.kind for edges in space.edges for edge in edges if edge.end}
    assert ends == {Ended.PERSON, Ended.FALLS_OFF}


def test_limits_are_said() -> None:
    lines = ["[a]", "exten => s,1,Set(N=$[0${N} + 1])", " same => n,GotoIf($[${N} < 500]?s,1)", " same => n,Hangup()"]
    plan = loads("\n".join(lines).encode())
    space = explore(plan, TABLE, [At("a")], Limits(variants=10))
    assert not space.complete
    assert [item.reason for item in space.unknown] == ["too-many-variants"]
    few = explore(plan, TABLE, [At("a")], Limits(states=5, variants=1000))
    assert [item.reason for item in few.unknown] == ["limit"]
    assert explore(plan, TABLE, [At("a")], Limits(variants=1000)).complete


def test_a_menu_of_patterns_is_one_choice_a_pattern() -> None:
    text = (
        "[a]\nexten => s,1,WaitExten(5)\nexten => _1XX,1,Hangup()\nexten => _[45],1,Hangup()\nexten => 123,1,Hangup()\n"
    )
    space = explore(loads(text.encode()), TABLE, [At("a")])
    keys = [edge.choice.value for edge in space.edges[0] if edge.choice.kind == "key"]
    assert sorted(map(len, keys)) == [1, 1, 3, 3]
    assert {"4", "5", "123"} < set(keys)


def test_entries_are_read_from_the_channel_drivers() -> None:
    text = (
        "[phones](!)\ntype=endpoint\ncontext=inside\n[100](phones)\nauth=100\n"
        "[trunk]\ntype=endpoint\ncontext=outside\noutbound_auth=x\n"
    )
    assert list(contexts_of("pjsip.conf", text)) == ["outside"]
    assert parse("a") == At("a", "", 1)
    assert parse("a, 100, 2") == At("a", "100", 2)
    with pytest.raises(ValueError, match="is no priority"):
        parse("a,s,x")


def chain_of_menus(menus: int) -> bytes:
    """Each behind the one before, by the key 1."""
    lines = ["[from-trunk]", "exten => s,1,Goto(menu-0,s,1)"]
    for at in range(menus):
        lines += [f"[menu-{at}]", "exten => s,1,Background(menu)", "same => n,WaitExten(5)", "same => n,Dial(PJSIP/1)"]
        lines += [f"exten => 1,1,Goto(menu-{at + 1},s,1)"]
    return "\n".join(lines).encode()


def test_a_very_long_way_begins_on_the_way_and_says_so() -> None:
    menus = 520
    subject = Subject(loads(chain_of_menus(menus)), TABLE)
    deep = [one for one in lint(subject, rules()).findings if one.code == "D401"]
    last = deep[-1].witness
    assert len(deep) == menus - 3 and last is not None
    assert last.entry.startswith("menu-") and last.steps[-1].context == f"menu-{menus - 1}"
    before = next(one.witness for one in deep if one.witness and not one.witness.before)
    assert before.entry == "from-trunk,s,1"
    steps_a_menu = 2
    assert last.before + len(last.steps) == 1 + (menus - 1) * steps_a_menu + 1
    assert len(last.steps) <= LONGEST + 1
    assert f"… {last.before} steps before" in render(Report(findings=(deep[-1],)))


def test_entries_are_the_lines_of_chan_dahdi_and_the_keys_in_queues(tmp_path: Path) -> None:
    """Settings hold for the channels below them: the last ones are not those of all."""
    plan = tmp_path / "extensions.conf"
    plan.write_text(
        "[lines]\nexten => s,1,Queue(sales,,,,60)\n[desks]\nexten => _1XX,1,Dial(PJSIP/${EXTEN},20)\n"
        "[keys]\nexten => 1,1,Dial(PJSIP/operator,20)\n[other]\nexten => 5,1,Goto(keys,1,1)\n",
        encoding="utf-8",
    )
    (tmp_path / "lines.conf").write_text("signalling=fxs_ks\ncontext=lines\nchannel => 1-2\n", encoding="utf-8")
    (tmp_path / "chan_dahdi.conf").write_text(
        "[channels]\n#include lines.conf\nsignalling=fxo_ks\ncontext=desks\nchannel => 3\n", encoding="utf-8"
    )
    (tmp_path / "queues.conf").write_text("[sales]\ncontext = keys\n", encoding="utf-8")
    entries = from_files(load(plan), tables.load("22")).flow.entries
    found = {(entry.at.context, entry.outside): entry.why for entry in entries}
    assert found["lines", True] == "chan_dahdi.conf has context=lines"
    assert ("desks", True) not in found
    assert found["keys", False] == "queues.conf has context=keys"
