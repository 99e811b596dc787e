"""Whatever is in the files: no exception, no hang, and twice the input costs about twice the work."""

# ruff: noqa: E501 - word lists
from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialplan.dump import as_data, as_text
from dialplan.plan import load, loads
from dialplan.plan.match import Mode, find, possible, search
from dialplan.plan.timing import parse

_WORDS = [
    b"exten => ", b"same => ", b"n,", b"1,", b"hint,", b"NoOp(", b")", b"_X.", b"_[1-3]", b"[a]", b"[b](!)", b"[a](+)", b"(a)", b"#include ",
    b"#tryinclude ", b"x.conf", b";--", b"--;", b";", b"\\;", b"\n", b"\n", b"\n", b"=", b"+=", b"include => a", b",9:00-1,*", b"[globals]",
    b"G=1", b"${G}", b"${", b"}", b"$[1+", b"]", b"\0", b"\xff", b"\xc5\xbc", b"\r", b"/", b"|", b"switch => a/b", b"{a,b}", b"*",
]  # fmt: skip
_SOUP = st.lists(st.sampled_from(_WORDS) | st.binary(max_size=6), max_size=60).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(_SOUP | st.binary(max_size=400), st.text(max_size=8))
def test_any_bytes_give_a_plan(data: bytes, number: str) -> None:
    plan = loads(b"[a]\n" + data, root="/nonexistent")
    assert all(list(as_text(as_data(plan, values=show, secrets=show))) is not None for show in (False, True))
    for name in plan.contexts:
        for mode in Mode:
            search(plan, name, number, 1, number, mode=mode)
        assert bool(possible(plan, name, number, 1)) >= bool(find(plan, name, number, 1))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789:-&*,|sunmotejafb +x\0ż", max_size=30))
def test_any_text_is_a_timing(text: str) -> None:
    parse(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(_SOUP, min_size=1, max_size=3))
def test_any_bytes_may_be_included(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("etc")
    for name, part in zip(("extensions.conf", "x.conf", "y.conf"), parts, strict=False):
        (folder / name).write_bytes(part)
    load(folder)


def _templates(n: int) -> bytes:
    chain = "".join(f"[t{i + 1}](!,t{i})\nexten => {i},1,A\n" for i in range(n))
    return f"[t0](!)\nexten => s,1,A\n{chain}[a](t{n})\n".encode()


def _patterns(n: int) -> bytes:
    numbers = list(range(n))
    random.Random(1).shuffle(numbers)
    return b"[a]\n" + b"".join(b"exten => _%d[1-%d]X.,1,A\n" % (i, i % 7 + 2) for i in numbers)


def _labels(n: int) -> bytes:
    return b"[a]\n" + b"".join(b"exten => %d,1(l%d),A\nexten => %d,l%d+1,B\n" % (i, i, i, i) for i in range(n))


def _appends(n: int) -> bytes:
    return b"[globals]\nx=1\ny=1\n" + b"x += abcdef\n" * n


SHAPES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "long line": (10_000_000, lambda n: b"[a]\nexten => 1,1,NoOp(" + b"x" * n + b")\n"),
    "long line of comment marks": (4_000_000, lambda n: b"[a]\n" + b";-- \\;" * (n // 6)),
    "lines without end": (100_000, lambda n: b"[a\n" * n),
    "nested templates": (10_000, _templates),
    "patterns in one context": (50_000, _patterns),
    "labels": (30_000, _labels),
    "growing values": (100_000, _appends),
    "sections that are added to": (50_000, lambda n: b"[a]\n" + b"[a](+)\nexten => 1,1,A\n" * n),
    "templates that are added to": (20_000, lambda n: b"[a]\n" + b"[b](!)\n[b]\n[b](+,!)\n" * n),
    "duplicates": (100_000, lambda n: b"[a]\n" + b"exten => 1,1,A\n" * n),
    "includes": (50_000, lambda n: b"[a]\n" + b"".join(b"include => c%d\n" % i for i in range(n))),
    "empty sets": (2_000, lambda n: b"[a]\n" + b"exten => _" + b"[]" * 100 + b"1,1,A\n" * n),
    "references": (50_000, lambda n: b"[globals]\n" + b"G=${G}${A:${B}:1}\n" * n),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_big_input_has_a_bound(shape: str) -> None:
    """Half a minute is far above what any of them takes; what is quadratic would need hours."""
    size, make = SHAPES[shape]
    data = make(size)
    start = time.process_time()
    loads(data, root="/nonexistent")
    assert time.process_time() - start < 30


@pytest.mark.parametrize("kind", ["#include", "#tryinclude"])
def test_a_hundred_thousand_includes_of_one_glob(tmp_path: Path, kind: str) -> None:
    for name in ("1", "2"):
        (tmp_path / f"{name}.inc").write_text(f"exten => {name},1,A\n")
    (tmp_path / "extensions.conf").write_text("[a]\n" + f"{kind} *.inc\n" * 100_000)
    start = time.process_time()
    plan = load(tmp_path)
    assert time.process_time() - start < 60
    assert len(plan.contexts["a"].extensions) == 2


def test_fifty_thousand_patterns_are_searched_quickly() -> None:
    plan = loads(_patterns(50_000))
    start = time.process_time()
    found = [find(plan, "a", f"{number}12345", 1) for number in range(0, 50_000, 5)]
    assert all(found)
    assert time.process_time() - start < 60
