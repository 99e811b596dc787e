"""Builds frozen dataclasses from plain data and collects every mistake on the way."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class OnceLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error: the first would be dropped in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises yaml.constructor.ConstructorError."""
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"`{key.value}` stands twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


class Mistakes:
    """What is wrong in one file, in the order found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[str] = []

    def add(self, key: str, what: str) -> None:
        """Note one: which key, what is wrong, what to do."""
        self.found.append(f"{self.path}: {key}: {what}" if key else f"{self.path}: {what}")


def build(wanted: type[Any], raw: Any, key: str, mistakes: Mistakes) -> Any:
    """An instance of the dataclass `wanted`, or None when something in `raw` is not as it should be."""
    if not isinstance(raw, Mapping):
        mistakes.add(key, f"expected keys and values, found {_shown(raw)}")
        return None
    hints = typing.get_type_hints(wanted)
    names = [item.name for item in dataclasses.fields(wanted)]
    for name in raw:
        if name not in names:
            mistakes.add(_join(key, name), "unknown key" + _near(str(name), names))
    before = len(mistakes.found)
    values = {name: _value(hints[name], raw[name], _join(key, name), mistakes) for name in names if name in raw}
    return wanted(**values) if len(mistakes.found) == before else None


def _value(wanted: Any, raw: Any, key: str, mistakes: Mistakes) -> Any:
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return build(wanted, {} if raw is None else raw, key, mistakes)
    origin = typing.get_origin(wanted)
    if origin is tuple:
        return _tuple(typing.get_args(wanted)[0], raw, key, mistakes)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(raw, key, mistakes)
    return _scalar(wanted, raw, key, mistakes)


def _tuple(item: Any, raw: Any, key: str, mistakes: Mistakes) -> Any:
    if not isinstance(raw, list):
        mistakes.add(key, f"expected a list, found {_shown(raw)}")
        return ()
    if dataclasses.is_dataclass(item):
        return tuple(_value(item, value, f"{key}[{number}]", mistakes) for number, value in enumerate(raw))
    return tuple(_scalar(item, value, f"{key}[{number}]", mistakes) for number, value in enumerate(raw))


def _mapping(raw: Any, key: str, mistakes: Mistakes) -> Mapping[str, str]:
    if not isinstance(raw, Mapping):
        mistakes.add(key, f"expected keys and values, found {_shown(raw)}")
        return {}
    return types.MappingProxyType({str(name): str(value) for name, value in raw.items()})


def _scalar(wanted: type, raw: Any, key: str, mistakes: Mistakes) -> Any:
    if wanted is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if wanted is str and isinstance(raw, int) and not isinstance(raw, bool):
        # YAML reads 010 as 8: a digit string must be quoted, or digits would be lost in silence
        mistakes.add(key, f'expected text, found the number {raw}; write it in quotes, e.g. "{raw}"')
        return None
    if type(raw) is not wanted:
        # YAML reads NO (Norway) as false
        hint = "; write it in quotes" if wanted is str and raw is not None else ""
        mistakes.add(key, f"expected {_NAMES[wanted]}, found {_shown(raw)}{hint}")
        return None
    return raw


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known are: {', '.join(names)}"


def _shown(raw: Any) -> str:
    return "nothing" if raw is None else f"{type(raw).__name__} {str(raw)[:40]!r}"


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)
