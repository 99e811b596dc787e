"""Which applications and functions an Asterisk version has, and what they take. Names and options only.

The data is made by generate.py from Asterisk's XML documentation, one file a version. Application names
compare without case, as in Asterisk (main/pbx_app.c); function names with case (main/pbx_functions.c).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from dialplan.light import Any, dataclass, field, replace

DATA = Path(__file__).parent / "data"
VERSIONS = tuple(sorted(path.stem for path in DATA.glob("*.json")))
DEFAULT = "22"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument. `options` maps an option letter to the arguments it takes in parentheses."""

    name: str
    required: bool = False
    multiple: bool = False
    separator: str = ","
    has_arguments: bool = False
    arguments: tuple[Parameter, ...] = ()
    options: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    values: tuple[str, ...] = ()

    def with_options(self, more: Mapping[str, tuple[Parameter, ...]]) -> Parameter:
        """The same argument that takes `more` options too."""
        return replace(self, options={**more, **self.options}) if more else self


@dataclass(frozen=True, slots=True)
class Application:
    """One application. `status` maps each variable it sets to the values that the documentation lists."""

    name: str
    separator: str = ","
    parameters: tuple[Parameter, ...] = ()
    status: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """What one Asterisk version offers. `applications` is keyed by the name in lower case."""

    version: str
    applications: Mapping[str, Application]
    functions: frozenset[str]

    def find(self, name: str) -> Application | None:
        """The application of that name in any case, or None when this version does not have it."""
        return self.applications.get(name.strip().lower())

    def to_json(self) -> str:
        """One line an application, so that a difference between versions can be read."""
        lines = (
            f"{json.dumps(app.name)}: {_compact(_pack_application(app))}"
            for app in sorted(self.applications.values(), key=lambda app: app.name.lower())
        )
        functions = ",\n".join(json.dumps(name) for name in sorted(self.functions))
        body = ",\n".join(lines)
        head = f'{{"version": {json.dumps(self.version)},'
        return f'{head}\n"applications": {{\n{body}\n}},\n"functions": [\n{functions}\n]}}\n'


@functools.cache
def load(version: str) -> Table:
    """The table of a major version ("16", "18", "20", "22"). Raises KeyError with the ones there are."""
    if version not in VERSIONS:
        raise KeyError(f"no table for Asterisk {version}; there are {', '.join(VERSIONS)}")
    return from_json((DATA / f"{version}.json").read_text(encoding="utf-8"))


def from_json(text: str) -> Table:
    """The inverse of Table.to_json."""
    raw = json.loads(text)
    return Table(raw["version"], _Unpacked(raw["applications"]), frozenset(raw["functions"]))


class _Unpacked(Mapping[str, Application]):
    """Applications by name in lower case, unpacked when they are asked for: a dialplan uses few of them."""

    def __init__(self, packed: Mapping[str, Any]) -> None:
        self._packed = {name.lower(): (name, data) for name, data in packed.items()}
        self._known: dict[str, Application | None] = {}

    def get(self, key: str, default: Any = None) -> Any:
        try:
            found = self._known[key]
        except KeyError:
            packed = self._packed.get(key)
            found = self._known[key] = _unpack_application(*packed) if packed else None
        return default if found is None else found

    def __getitem__(self, key: str) -> Application:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _pack_application(app: Application) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    if app.separator != ",":
        packed["separator"] = app.separator
    if app.parameters:
        packed["parameters"] = [_pack(parameter) for parameter in app.parameters]
    if app.status:
        packed["status"] = {name: list(values) for name, values in app.status.items()}
    return packed


def _pack(parameter: Parameter) -> dict[str, Any]:
    """Only what differs from the default is written."""
    packed: dict[str, Any] = {"name": parameter.name}
    for flag in ("required", "multiple", "has_arguments"):
        if getattr(parameter, flag):
            packed[flag] = True
    if parameter.separator != ",":
        packed["separator"] = parameter.separator
    if parameter.arguments:
        packed["arguments"] = [_pack(argument) for argument in parameter.arguments]
    if parameter.options:
        packed["options"] = {
            name: [_pack(argument) for argument in arguments] for name, arguments in parameter.options.items()
        }
    if parameter.values:
        packed["values"] = list(parameter.values)
    return packed


def _unpack_application(name: str, packed: Mapping[str, Any]) -> Application:
    return Application(
        name,
        packed.get("separator", ","),
        tuple(_unpack(parameter) for parameter in packed.get("parameters", ())),
        {variable: tuple(values) for variable, values in packed.get("status", {}).items()},
    )


def _unpack(packed: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=packed["name"],
        required=packed.get("required", False),
        multiple=packed.get("multiple", False),
        separator=packed.get("separator", ","),
        has_arguments=packed.get("has_arguments", False),
        arguments=tuple(_unpack(argument) for argument in packed.get("arguments", ())),
        options={
            name: tuple(_unpack(argument) for argument in arguments)
            for name, arguments in packed.get("options", {}).items()
        },
        values=tuple(packed.get("values", ())),
    )
