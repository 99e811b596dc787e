"""Globals at load time (main/pbx_variables.c) and what of them is secret."""

from __future__ import annotations

import pytest

from dialplan.plan.secrets import looks_secret
from dialplan.plan.substitute import Globals


@pytest.fixture
def variables() -> Globals:
    made = Globals()
    for name, value in (("A", "hello"), ("B", "A"), ("E", ""), ("N", "2"), ("_U", "one"), ("__V", "two")):
        made.set(name, value)
    return made


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x${A}y", "xhelloy"),
        ("${A:1}", "ello"),
        ("${A:1:2}", "el"),
        ("${A:-2}", "lo"),
        ("${A:-9}", "hello"),
        ("${A:9}", ""),
        ("${A:1:-1}", "ell"),
        ("${A:3:-3}", ""),
        ("${A:x}", "hello"),
        ("${A:}", "hello"),
        ("${${B}}", "hello"),
        ("${A:${N}}", "llo"),
        ("${NONE}", ""),
        ("${U}${V}", "onetwo"),
        ("$", "$"),
        ("$$A", "$$A"),
        ("${A", "hello"),
        ("a$[${N}+1]b", "a3b"),
        ("${{A}}", ""),
        ("no reference", "no reference"),
    ],
)
def test_references(variables: Globals, text: str, result: str) -> None:
    assert variables.substitute(text) == result


def test_results_are_cut_to_their_limit(variables: Globals) -> None:
    assert variables.substitute("${A}" * 9, 12) == "hellohellohe"
    assert variables.substitute("x" * 300, 255) == "x" * 255


def test_nesting_has_an_end(variables: Globals) -> None:
    assert variables.substitute("${" * 20 + "A" + "}" * 20) == ""


def test_the_unknown_stays_as_written(variables: Globals) -> None:
    assert variables.substitute("a${LEN(x)}b${EPOCH}") == "a${LEN(x)}b${EPOCH}"
    assert list(variables.unknown) == ["${LEN(x)}", "${EPOCH}"]


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("AMPDBPASS", "x", True),
        ("AMPMGRPASS", "amp111", True),
        ("AMPMGRUSER", "admin", True),
        ("API_KEY", "1", True),
        ("DIALOUT_PIN", "1234", True),
        ("X", "mysql://root:pw@host/db", True),
        ("X", "f3A9c2e17b6D40aa91Zq", True),
        ("PASS", "", False),
        ("RINGTIMER", "15", False),
        ("VM_PASSIVE", "1", False),
        ("MONITOR_FORMAT", "wav", False),
        ("TRUNK", "PJSIP/trunk", False),
        ("ASTVARLIBDIR", "/var/lib/asterisk", False),
    ],
)
def test_what_looks_like_a_credential(name: str, value: str, secret: bool) -> None:
    assert looks_secret(name, value) is secret
