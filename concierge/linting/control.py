"""Which rules run and how bad their findings are: the `lint` part of the configuration, then the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.errors import UserError
from dialplan.applications import tables
from dialplan.finding import Finding, Severity
from dialplan.light import dataclass, field, replace
from dialplan.lint import Report
from dialplan.report.shown import relative

if TYPE_CHECKING:
    from concierge.settings import LintSettings

OFF = ("off", "false")
"""YAML reads `off` as false."""
PLACES = ("config.yaml", "/etc/concierge/config.yaml")


@dataclass(frozen=True, slots=True)
class Control:
    """`severity`: by the beginning of a code, None switches off; `paths`: the same by a pattern of files."""

    severity: Mapping[str, Severity | None] = field(default_factory=dict)
    paths: Mapping[str, Mapping[str, Severity | None]] = field(default_factory=dict)

    def apply(self, report: Report) -> Report:
        """The report with severities as wanted; findings that are switched off are gone."""
        if not self.severity and not self.paths:
            return report
        found = [changed for finding in report.findings if (changed := self._changed(finding)) is not None]
        return replace(report, findings=tuple(found))

    def _changed(self, finding: Finding) -> Finding | None:
        severity: Severity | None = finding.severity
        for wanted in (self.severity, *self._of_file(finding.spot.place.file)):
            code = max((code for code in wanted if finding.code.startswith(code)), key=len, default=None)
            if code is not None:
                severity = wanted[code]
        return None if severity is None else replace(finding, severity=severity)

    def _of_file(self, file: str) -> Iterable[Mapping[str, Severity | None]]:
        from fnmatch import fnmatchcase

        name = relative(file)
        for pattern, wanted in self.paths.items():
            if fnmatchcase(name, pattern) or fnmatchcase(name, f"*/{pattern}"):
                yield wanted


def settings(config: Path | None, environment: Mapping[str, str] | None = None) -> LintSettings | None:
    """The `lint` part of the configuration, None without any. Raises SettingsError.

    Without --config a file counts only when it has such a part: linting needs no configuration, and reading YAML takes
    as long as judging a small dialplan.
    """
    environment = os.environ if environment is None else environment
    named = config or (Path(environment["CONCIERGE_CONFIG"]) if environment.get("CONCIERGE_CONFIG") else None)
    path = named or next((Path(place) for place in PLACES if _readable(Path(place))), None)
    if path is None or (config is None and not _has_part(path)):
        return None
    from concierge.settings import load

    return load(path).lint


def asterisk(option: str | None, config: Path | None) -> str:
    """The version that --asterisk names, else the settings, "" where neither does. Raises UserError, SettingsError."""
    given = None if option else settings(config)
    version = option or (given.asterisk if given else "")
    if version and version not in tables.VERSIONS:
        where = "--asterisk" if option else "lint.asterisk"
        raise UserError(f"{where} {version}: known are {', '.join(tables.VERSIONS)}")
    return version


def _readable(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _has_part(path: Path) -> bool:
    try:
        return any(line.startswith(b"lint:") for line in path.read_bytes().splitlines())
    except OSError:
        return False


def control(given: LintSettings | None, options: Iterable[str]) -> Control:
    """Severities of the configuration, and over them those of the command line (CODE=LEVEL). Raises UserError."""
    severity: dict[str, Severity | None] = {}
    paths: dict[str, Mapping[str, Severity | None]] = {}
    if given is not None:
        severity = {_code(code): _level(level, f"lint.severity.{code}") for code, level in given.severity.items()}
        for pattern, text in given.paths.items():
            paths[pattern] = _pairs(text.split(","), f"lint.paths.{pattern}")
    return Control({**severity, **_pairs(options, "--severity")}, paths)


def _pairs(texts: Iterable[str], where: str) -> dict[str, Severity | None]:
    made = {}
    for text in texts:
        code, equals, level = text.partition("=")
        if not equals:
            raise UserError(f"{where}: {text.strip()!r} is no CODE=LEVEL, such as D4=off or D201=info")
        made[_code(code, where)] = _level(level, where)
    return made


def _code(code: str, where: str = "lint.severity") -> str:
    from dialplan.rule import rules

    wanted = code.strip().upper()
    if not wanted or not any(rule.code.startswith(wanted) for rule in rules()):
        raise UserError(f"{where}: no rule begins with {wanted!r}; `concierge rule --all` lists them")
    return wanted


def _level(text: str, where: str) -> Severity | None:
    name = text.strip().lower()
    if name in OFF:
        return None
    try:
        return Severity[name.upper()]
    except KeyError:
        raise UserError(f"{where}: {text.strip()!r} is none of error, warning, info, off") from None


Filter = Callable[[Report], Report]
