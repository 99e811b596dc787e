"""SCENARIOS.yaml -> calls; every mistake at once, with file, key and what to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from concierge.errors import UserError
from concierge.reading import Mistakes, OnceLoader, build
from dialplan.flow import Inputs
from dialplan.flow.entries import parse as parse_place
from dialplan.scenarios import ExpectationError, Scenario, parse


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call as it is written."""

    name: str = ""
    at: str = ""
    keys: str = ""
    expect: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)
    when: tuple[bool, ...] = ()
    now: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """A file: its dialplan (beside it), the version of Asterisk (none: as `concierge lint` takes it), its calls."""

    dialplan: str = "extensions.conf"
    asterisk: str = ""


def read(path: Path) -> tuple[Calls, list[Scenario]]:
    """Raises UserError with all mistakes."""
    raw = _yaml(path)
    mistakes = Mistakes(path)
    if not isinstance(raw, Mapping):
        raise UserError(f"{path}: expected `dialplan:` and `calls:`, found {type(raw).__name__}")
    rows = raw.get("calls")
    head = build(Calls, {name: value for name, value in raw.items() if name != "calls"}, "", mistakes)
    if not isinstance(rows, list) or not rows:
        mistakes.add("calls", "expected a list of calls, each with `at` and `expect`")
        rows = []
    scenarios = [_scenario(row, number, mistakes) for number, row in enumerate(rows)]
    if mistakes.found:
        raise UserError("\n".join(mistakes.found))
    return head, [one for one in scenarios if one is not None]


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), OnceLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"{mark.line + 1}:{mark.column + 1}" if mark else "?"
        raise UserError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not YAML: {error}") from error


def _scenario(raw: Any, number: int, mistakes: Mistakes) -> Scenario | None:
    key = f"calls[{number}]"
    row = build(CallRow, _plain(raw), key, mistakes)
    if not isinstance(row, CallRow):
        return None
    before = len(mistakes.found)
    if not row.expect:
        mistakes.add(f"{key}.expect", "nothing is expected of this call, such as `reaches 8500 within 20 s`")
    expected = []
    for text in row.expect:
        try:
            expected.append(parse(text))
        except ExpectationError as error:
            mistakes.add(f"{key}.expect", str(error))
    try:
        at, now = parse_place(row.at), datetime.fromisoformat(row.now) if row.now else datetime.now()
    except ValueError as error:
        mistakes.add(key, f"{error}")
        return None
    if len(mistakes.found) > before:
        return None
    inputs = Inputs(
        keys=tuple(one.strip() for one in row.keys.split(",") if one.strip()),
        results={name: value.split(",") for name, value in row.results.items()},
        variables=dict(row.set),
        now=now if now.tzinfo else now.astimezone(),
        callerid=row.set.get("CALLERID(num)"),
        conditions=row.when,
    )
    return Scenario(row.name or f"{row.at} {row.keys}".strip(), at, inputs, tuple(expected))


def _plain(raw: Any) -> Any:
    """One expectation needs no list; keys may be a number or a list; YAML reads times as such."""
    if not isinstance(raw, Mapping):
        return raw
    made = dict(raw)
    if isinstance(made.get("expect"), str):
        made["expect"] = [made["expect"]]
    if isinstance(made.get("when"), bool):
        made["when"] = [made["when"]]
    if isinstance(made.get("keys"), list):
        made["keys"] = ",".join(str(one) for one in made["keys"])
    elif isinstance(made.get("keys"), int):
        made["keys"] = str(made["keys"])
    if isinstance(made.get("results"), Mapping):
        made["results"] = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in made["results"].items()}
    if isinstance(made.get("now"), date):
        made["now"] = made["now"].isoformat()
    return made
