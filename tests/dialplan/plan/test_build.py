"""From lines to contexts (pbx/pbx_config.c): what is kept, under which number, and what is turned away."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from pathlib import Path

import pytest

from dialplan.plan import UnreadableError, load, loads
from dialplan.plan.model import Plan


def plan_of(text: str) -> Plan:
    return loads(text.encode())


def steps(plan: Plan, context: str = "a") -> list[str]:
    """`pattern[/cid],priority[(label)],application[(data)]` in matching order, hints first."""
    found = []
    for e in plan.contexts[context].extensions:
        name = e.pattern if e.cid is None else f"{e.pattern}/{e.cid}"
        if e.hint:
            found.append(f"{name},hint,{e.hint.data}")
        for s in e.steps.values():
            label = f"({s.label})" if s.label else ""
            found.append(f"{name},{s.priority}{label},{s.application}({s.data})")
    return found


def codes(plan: Plan) -> list[tuple[str, int]]:
    return [(d.code, d.place.line) for d in plan.diagnostics]


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ("exten => s,1,A()\nsame => n,B\nsame=>n(x),C(d,e)", ["s,1,A()", "s,2,B()", "s,3(x),C(d,e)"]),
        ("exten => s,1,A\nexten => s,s,B\nexten => s,next,C", ["s,1,A()", "s,2,C()"]),
        ("exten => s,1,A\nexten => two,n,B", ["s,1,A()", "two,2,B()"]),
        ("exten => 1,hint,SIP/1\nsame => n,B", ["1,hint,SIP/1"]),
        ("exten => 1,hint,SIP/1\nsame => n,A\nsame => 1,B\nsame => n,C", ["1,hint,SIP/1", "1,1,B()", "1,2,C()"]),
        ("exten => s,1(l),A\nsame => l+101,B", ["s,1(l),A()", "s,102,B()"]),
        ("exten => s,n+2(x),A", []),
        ("exten => s,3,A\nsame => n+2(x),B", ["s,3,A()", "s,6(x),B()"]),
        ("exten => s,1abc,A\nexten => s,0,B\nexten => s,-2,C\nexten => s, 2 ,D", ["s,1,A()", "s,2,D()"]),
        ("exten => s,4294967297,A\nexten => s,1+-4,B", ["s,-3,B()", "s,1,A()"]),
        ("exten => s,1,A\nexten => s,1,B", ["s,1,A()"]),
        ("exten => s,1(x),A\nsame => n(x),B", ["s,1(x),A()", "s,2,B()"]),
        ("exten => s,5(x),A\nexten => s,9(x),B\nexten => s,1(x),C", ["s,1,C()", "s,5(x),A()", "s,9,B()"]),
        ("exten => s,5(y),A\nexten => s,9(x),B\nexten => s,1(x),C", ["s,1(x),C()", "s,5(y),A()", "s,9(x),B()"]),
        ("exten => 1-2,2,A\nexten => 12,1,B", ["12,1,B()", "12,2,A()"]),
        ("exten => _x.,2,A\nexten => _X.,1,B", ["_X.,1,B()", "_X.,2,A()"]),
        ("exten => _[1-3]X,1,A\nexten => _[321]x,n,B", ["_[1-3]X,1,A()", "_[1-3]X,2,B()"]),
        ("exten => s/1234,1,A\nexten => s,1,B\nexten => s/,1,C", ["s/,1,C()", "s/1234,1,A()", "s,1,B()"]),
        ("exten => s/(12) 3-4.5,1,A", ["s/12345,1,A()"]),
        ("exten => s/12,1,A\nsame => n,B", ["s/12,1,A()", "s/12,2,B()"]),
        ("exten => _[1,2]x,1,A", ["_[1,2]x,1,A()"]),
        ("exten => 1 2,1,A", ["12,1,A()"]),
        ("exten => s,1,A(b)c)d", ["s,1,A(b)c)"]),
        ("exten => s,1,A(b", ["s,1,A(b)"]),
        ("exten => s,1, A (b)", ["s,1,A (b)"]),
        ("exten => s,1,${X}(b)", ["s,1,${X}(b)()"]),
        ("exten => s,1,Dial,SIP/1", ["s,1,Dial,SIP/1()"]),
        ("EXTEN = s,1,A\nsamething => n,B\nSaMe = n,C", ["s,1,A()", "s,2,B()", "s,3,C()"]),
        ("exten => é,1,Ü(ż)", ["é,1,Ü(ż)"]),
        ("exten => s,1,A(x\\;y)", ["s,1,A(x;y)"]),
        ("exten => 5,hint,Custom:${EXTEN}@${CONTEXT}\nexten => _6,hint,${EXTEN}", ["5,hint,Custom:5@a", "_6,hint,${EXTEN}"]),
    ],
)  # fmt: skip
def test_extensions(lines: str, result: list[str]) -> None:
    assert steps(plan_of(f"[a]\n{lines}\n")) == result


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("same => n,A", "same-without-extension"),
        ("exten => s,n,A", "no-priority-before"),
        ("exten => s,s,A", "no-priority-before"),
        ("exten => s,foo,A", "invalid-priority"),
        ("exten => s,0,A", "invalid-priority"),
        ("exten => s", "invalid-priority"),
        ("exten => s,1(x,A", "label-unclosed"),
        ("exten => s,1,A(b", "unclosed-arguments"),
        ("exten => ,1,A", "no-extension-name"),
        ("exten => _.,1,A", "catches-all"),
        ("exten => _!,1,A", "catches-all"),
        ("exten => _[1,1,A", "invalid-priority"),
        ("exten => s,1(x),A\nsame => n(x),B", "label-in-use"),
        ("exten => s,1,A\nexten => s,1,A", "priority-in-use"),
        ("foo => bar", "unknown-directive"),
        ("include => b", "include-unknown"),
        ("include => a\ninclude => A", "already-included"),
        ("include => a,25:00,x", "bad-time"),
        ("ignorepat => 9\nignorepat => 9", "already-ignored"),
        ("switch => Lua/x\neswitch => lua/X", "already-switched"),
    ],
)
def test_complaints_name_the_line(lines: str, code: str) -> None:
    plan = plan_of(f"[a]\n{lines}\n")
    assert code in dict(codes(plan))
    assert plan.loads


def test_a_pattern_that_never_closes_its_set_can_crash_asterisk() -> None:
    plan = plan_of("[globals]\nG=_[12\n[a]\nexten => ${G},1,A\n")
    assert codes(plan) == [("pattern-unclosed", 4)]


def test_a_label_of_a_pattern_above_is_a_priority() -> None:
    plan = plan_of("[a]\nexten => _1X,5(here),A\nexten => 12,here+1,B\nexten => 22,here,C\n")
    assert steps(plan) == ["12,6,B()", "_1X,5(here),A()"]
    assert codes(plan) == [("invalid-priority", 4)]


def test_sections_of_one_name_merge_and_start_afresh() -> None:
    plan = plan_of("[a]\nexten => s,1,A\n[b]\n[a]\nsame => n,B\nexten => s,n,C\nexten => s,2,D\n[A]\n")
    assert steps(plan) == ["s,1,A()", "s,2,D()"]
    assert codes(plan) == [("same-without-extension", 5), ("no-priority-before", 6)]
    assert list(plan.contexts) == ["a", "b", "A"]


def test_a_template_goes_before_its_heir() -> None:
    plan = plan_of("[t](!)\nexten => s,1,T\n[a](t)\nexten => s,1,A\n")
    assert steps(plan) == ["s,1,T()"]
    assert plan.contexts["a"].extensions[0].place.line == 2


def test_globals_are_put_in_where_asterisk_does() -> None:
    plan = plan_of(
        "[globals]\nN=12\n__I=in\n_X=${N}3\n[a]\nexten => ${N},1,A(${N})\ninclude => ${I},${T}\n"
        "ignorepat => ${X}\nswitch => Lua/${N}\nlswitch => Lua/${N}a\n[Globals]\nN=${N}4\nN+=5\nT=*\n"
    )
    context = plan.contexts["a"]
    assert steps(plan) == ["1245,1,A(${N})"]
    assert [(i.context, i.timing) for i in context.includes] == [("in", "*")]
    assert [i.pattern for i in context.ignorepats] == ["123"]
    assert [(s.kind, s.name, s.data) for s in context.switches] == [
        ("switch", "Lua", "1245"),
        ("lswitch", "Lua", "${N}a"),
    ]
    assert plan.globals == {"N": "1245", "I": "in", "X": "123", "T": "*"}


def test_what_only_a_running_asterisk_knows_is_named() -> None:
    plan = plan_of("[globals]\nA=${ENV(HOME)}\nB=${EPOCH}\nF(x)=1\nC=$[1+2]\n#exec /bin/true\n[a]\n")
    assert plan.globals == {"A": "${ENV(HOME)}", "B": "${EPOCH}", "C": "3"}
    assert len(plan.not_covered) == 4


def test_switches_are_named_as_not_covered() -> None:
    assert plan_of("[a]\neswitch => Realtime/x@y\n").not_covered == ("switch Realtime/x@y in context a",)


def test_other_dialplans_beside_are_named(tmp_path: Path) -> None:
    for name in ("extensions.conf", "extensions.ael", "extensions.lua"):
        (tmp_path / name).touch()
    assert [what.split()[0] for what in load(tmp_path).not_covered] == ["extensions.ael", "extensions.lua"]


def test_options_come_from_the_first_general() -> None:
    plan = plan_of(
        "[general]\nautofallthrough=no\nExtenPatternMatchNew=1\nextenpatternmatchnew=yes\n[general]\nautofallthrough=yes\n"
    )
    assert not plan.options.autofallthrough
    assert plan.options.extenpatternmatchnew
    assert plan.contexts == {}
    assert plan_of("").options.autofallthrough


def test_includes_keep_their_order_and_timing() -> None:
    plan = plan_of("[a]\ninclude => b|9:00-17:00|mon-fri|*|*\ninclude => c\ninclude => d,\ninclude => e,1|2\n")
    found = [(i.context, i.timing) for i in plan.contexts["a"].includes]
    assert found == [("b", "9:00-17:00|mon-fri|*|*"), ("c", None), ("d", None), ("e,1", "2")]


def test_columns_point_at_the_application() -> None:
    plan = plan_of("[a]\n  exten => s,1(x), Dial(SIP/1)\n\tsame=>n,Hangup\n")
    assert [s.place.column for s in plan.contexts["a"].extensions[0].steps.values()] == [19, 10]


def test_the_file_of_a_plan_is_any_name_folder_or_bytes(tmp_path: Path) -> None:
    (tmp_path / "extensions.conf").write_text("[a]\n#include x.conf\n")
    (tmp_path / "x.conf").write_text("exten => 1,1,A\n[broken\n")
    whole = load(tmp_path)
    assert steps(whole) == ["1,1,A()"]
    assert whole.files == (f"{tmp_path}/extensions.conf", f"{tmp_path}/x.conf")
    with pytest.raises(UnreadableError, match=r"none\.conf"):
        load(tmp_path / "none.conf")


def test_a_file_of_another_name_is_read_as_extensions_conf_would_include_it(tmp_path: Path) -> None:
    (tmp_path / "custom.conf").write_text("[a]\nexten => 1,1,A\n[broken\n")
    (tmp_path / "hopeless.conf").write_text("[a](+)\n")
    assert load(tmp_path / "custom.conf").loads
    assert not load(tmp_path / "hopeless.conf").loads


def test_diagnostics_never_show_values_of_globals() -> None:
    text = "[globals]\nPASS=hunter2secret\nfoo hunter2secret\n\\\n"
    assert "hunter2" not in repr(plan_of(text).diagnostics)
