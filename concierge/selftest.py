"""Calls one's own numbers as a caller would, and says what a caller would complain of."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from concierge.doctor.finding import Finding, failed, ok
from concierge.errors import UserError
from concierge.installation.loaded import Console

_EARS = {"WaitForNoise": "app_waitforsilence", "SendDTMF": "app_senddtmf"}
_FAMILY = "concierge-selftest"
_PAUSE = 0.3


@dataclass(frozen=True, slots=True)
class Wanted:
    """One call: to `number` in the context where callers come in, then `keys`. Times in seconds."""

    number: str
    context: str
    keys: str = ""
    answer: float = 15.0
    word: float = 15.0


def require_ears(console: Console) -> None:
    """Raises UserError where the calling side could not listen or press keys: each call would seem to be cut off."""
    for application, module in _EARS.items():
        if "not registered" in console.ask(f"core show application {application}"):
            raise UserError(
                f"Asterisk has not loaded {module}, with which the self-test listens and presses keys: "
                f"`asterisk -rx 'module load {module}.so'`, and `load = {module}.so` in modules.conf"
            )


def call(console: Console, wanted: Wanted, sleep: Callable[[float], None] = time.sleep) -> list[Finding]:
    """Place it and judge it. Raises UserError when Asterisk cannot be asked."""
    name = "".join(secrets.choice("123456789") for _ in range(12))
    console.ask(f"database put {_FAMILY} {name}/keys {wanted.keys or 'none'}")
    began = time.monotonic()
    try:
        channel = f"Local/{wanted.number}@{wanted.context}/n"
        console.ask(f"channel originate {channel} extension {name}@{_FAMILY}")
        noted = _watch(console, name, wanted, sleep)
        return list(judge(wanted, noted, time.monotonic() - began))
    finally:
        console.ask(f"database deltree {_FAMILY} {name}")


def _watch(console: Console, name: str, wanted: Wanted, sleep: Callable[[float], None]) -> Mapping[str, str]:
    """What the test caller has noted when its call is over, or should be."""
    noted: dict[str, str] = {}
    until = time.monotonic() + wanted.answer
    longest = 2 * wanted.word + len(wanted.keys) + 10
    while time.monotonic() < until and "done" not in noted:
        sleep(_PAUSE)
        before = "answered" in noted
        noted = read_notes(console.ask(f"database show {_FAMILY} {name}"))
        if "answered" in noted and not before:
            until = time.monotonic() + longest
        elif before and "done" not in noted and f"!{name}!" not in console.ask("core show channels concise"):
            return read_notes(console.ask(f"database show {_FAMILY} {name}"))
    return noted


def read_notes(shown: str) -> dict[str, str]:
    """PURE: of `database show`, the last part of each key and its value."""
    return {found[1]: found[2] for found in re.finditer(r"^/\S+/(\w+)\s*: (.*?)\s*$", shown, re.M)}


def judge(wanted: Wanted, noted: Mapping[str, str], seconds: float) -> Iterator[Finding]:
    """PURE: what a caller would say."""
    name = f"{wanted.number}@{wanted.context}"
    if "answered" not in noted:
        yield failed(
            name, f"nobody and nothing answers within {wanted.answer:g} s", "see where the number leads: concierge lint"
        )
        return
    for note, when in (("heard", "after the answer"), *((("after", f"after {wanted.keys}"),) if wanted.keys else ())):
        if note not in noted:
            yield failed(name, f"the call was cut off {when}", "errors belong to the operator: concierge lint")
            return
        if noted[note] != "NOISE":
            yield failed(
                name, f"silence {when}: no word in {wanted.word:g} s", "a prompt is missing, or comes too late"
            )
    if all(noted.get(note) == "NOISE" for note in ("heard", *(("after",) if wanted.keys else ()))):
        yield ok(name, f"answered, with a word at each step, in {seconds:.0f} s")
