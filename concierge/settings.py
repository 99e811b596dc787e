"""YAML -> frozen dataclasses; every mistake at once, with file, key and a near miss.

`Settings` is the whole of it: a field here is a key in config.example.yaml, and the reverse (tested).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from concierge.errors import SettingsError
from concierge.reading import Mistakes, OnceLoader, build


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the digits dialled at this site mean."""

    name: str = "main"
    country: str = "PL"
    outside_line: str = ""
    trunk_prefix: str = ""
    international_prefixes: tuple[str, ...] = ()
    tech_prefixes: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the list is, and how evidence is written."""

    path: str = ""
    strict_evidence: bool = False
    evidence_delay: float = 0.03
    evidence_queue: int = 10_000


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Policy of outbound calls. `countries`: a folder of rule sets that go before ours; `bypass`: what becomes of a
    leg on a trunk that has not been asked for.
    """

    require_campaign: bool = False
    unknown_campaign: str = "refuse"
    require_reason: bool = False
    countries: str = ""
    reserve: float = 120.0
    bypass: str = "log"
    trunks: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    fresh: float = 120.0
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """National registries. `max_age`: days by country; what is not named keeps the law's limit."""

    folder: str = ""
    max_age: Mapping[str, str] = field(default_factory=lambda: {"US": "31", "CA": "31", "AU": "30", "GB": "28"})
    on_stale: str = "refuse"


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """The feed that several sites share; no url: this host is alone. Times in seconds."""

    url: str = ""
    secret_file: str = ""
    site: str = ""
    max_age: float = 900.0
    on_stale: str = "refuse"
    poll: float = 0.5
    timeout: float = 1.0
    sites: int = 1


@dataclass(frozen=True, slots=True)
class AgiSettings:
    """The FastAGI server."""

    host: str = "127.0.0.1"
    port: int = 4583
    allow: tuple[str, ...] = ()
    header_timeout: float = 2.0
    session_timeout: float = 10.0
    sessions: int = 500


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """The manager interface of a PBX; no user: nothing is listened to. `tls`: encrypted, with a certificate that
    `ca_file` (empty: the system's authorities) has signed; `plain`: over a network without either, on one's own risk.
    """

    host: str = "127.0.0.1"
    port: int = 5038
    user: str = ""
    secret_file: str = ""
    system: str = "pbx"
    tls: bool = False
    ca_file: str = ""
    plain: bool = False


@dataclass(frozen=True, slots=True)
class FreepbxSettings:
    """The bridge to the inbound blacklist of FreePBX; `every`: seconds between two looks."""

    blacklist: str = "off"
    campaign: str = ""
    sources: tuple[str, ...] = ()
    form: str = "national"
    every: float = 30.0
    user: str = ""
    secret_file: str = ""


@dataclass(frozen=True, slots=True)
class OptOutSettings:
    """Which key means what: `all` (never again) or `campaign` (not for this one). `after`: what becomes of the call,
    `continue`, `hangup` or `operator`; `after_campaign`: the same for single campaigns.
    """

    digits: Mapping[str, str] = field(default_factory=lambda: {"9": "all"})
    after: str = "continue"
    after_campaign: Mapping[str, str] = field(default_factory=dict)
    on_deaf: str = "repair"


@dataclass(frozen=True, slots=True)
class CodeSettings:
    """What the staff dials to list a number; an empty one is off."""

    context: str = "concierge-codes"
    party: str = "*93"
    last: str = "*94"
    number: str = "*95"


@dataclass(frozen=True, slots=True)
class MenuSettings:
    """How often a caller may go round, and for how long, before the operator takes the call. Times in seconds."""

    passes: int = 3
    wrong: int = 3
    silences: int = 2
    errors: int = 0
    total: int = 12
    seconds: int = 300
    orientation: int = 15
    menus: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """The person at the end of every path."""

    dial: str = ""
    ring: int = 15
    second: str = ""
    patience: int = 90


@dataclass(frozen=True, slots=True)
class HoursSettings:
    """When somebody is there, by the PBX's clock; none: always."""

    open: Mapping[str, str] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    """Promises to call back. `within`: hours; `abandoned`, `pause`: seconds; `auto`: calls them by itself."""

    offer: bool = True
    within: int = 8
    abandoned: int = 20
    auto: bool = False
    channel: str = "Local/{number}@from-internal/n"
    attempts: int = 3
    pause: int = 1800
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class SelftestSettings:
    """What `concierge selftest` calls when no number is named. `ring`, `call`: seconds."""

    numbers: tuple[str, ...] = ()
    context: str = ""
    walk: bool = True
    paths: int = 30
    depth: int = 4
    ring: float = 2.0
    call: float = 120.0


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The HTTP endpoint; port 0: there is none."""

    host: str = "127.0.0.1"
    port: int = 0
    allow: tuple[str, ...] = ()
    tokens: str = ""
    rate: float = 20.0
    burst: int = 40
    requests: int = 20
    connections: int = 100
    body: int = 65_536
    patience: float = 5.0


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """/healthz and /metrics; port 0: there are none."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class LintSettings:
    """`concierge lint`. `severity`: CODE: LEVEL; `paths`: a pattern of files: "CODE=LEVEL, …"."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "info"
    asterisk: str = ""
    entries: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    baseline: str = ""
    sounds: str = ""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """Days that something is kept, 0 for ever: checks, entries that have ended with their events, notes of who read."""

    checks: int = 1826
    ended: int = 1826
    accesses: int = 1826


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """Under which names numbers appear in log lines."""

    hash_numbers: bool = False
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What goes to standard error."""

    level: str = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `source` is the file it came from, None for the defaults."""

    site: SiteSettings = field(default_factory=SiteSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    registries: RegistrySettings = field(default_factory=RegistrySettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    agi: AgiSettings = field(default_factory=AgiSettings)
    ami: AmiSettings = field(default_factory=AmiSettings)
    also_ami: tuple[AmiSettings, ...] = ()
    freepbx: FreepbxSettings = field(default_factory=FreepbxSettings)
    opt_out: OptOutSettings = field(default_factory=OptOutSettings)
    codes: CodeSettings = field(default_factory=CodeSettings)
    menu: MenuSettings = field(default_factory=MenuSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    hours: HoursSettings = field(default_factory=HoursSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    selftest: SelftestSettings = field(default_factory=SelftestSettings)
    web: WebSettings = field(default_factory=WebSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    lint: LintSettings = field(default_factory=LintSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    log: LogSettings = field(default_factory=LogSettings)


def default_paths(environment: Mapping[str, str]) -> list[Path]:
    """Where a configuration is looked for when none is named."""
    named = environment.get("CONCIERGE_CONFIG")
    return [Path(named)] if named else [Path("config.yaml"), Path("/etc/concierge/config.yaml")]


def load(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file, of the first default place that has one, or the defaults.

    Raises SettingsError with all mistakes.
    """
    named = settings_file(path, environment)
    return Settings() if named is None else parse(_read(named), named)


def settings_file(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Path | None:
    """The file that `load` reads; None: there is none, and the defaults hold."""
    environment = os.environ if environment is None else environment
    named = path or (Path(environment["CONCIERGE_CONFIG"]) if environment.get("CONCIERGE_CONFIG") else None)
    if named is None:
        named = next((place for place in default_paths(environment) if _is_there(place)), None)
    return named


def _is_there(place: Path) -> bool:
    """A file that may not be looked at is there: reading it will say so."""
    try:
        return place.is_file()
    except OSError:
        return True


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), OnceLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name another file with --config") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"{mark.line + 1}:{mark.column + 1}" if mark else "?"
        raise SettingsError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2026-13-45
        raise SettingsError(f"{path}: not YAML: {error}") from error


# names of files, by section
FILES: Mapping[str, tuple[str, ...]] = {
    "store": ("path",),
    "ami": ("secret_file", "ca_file"),
    "freepbx": ("secret_file",),
    "registries": ("folder",),
    "gate": ("countries",),
    "sync": ("secret_file",),
    "web": ("tokens",),
    "privacy": ("key_file",),
    "lint": ("baseline", "sounds"),
}


def _beside(settings: Settings, folder: Path) -> Settings:
    """File names in a configuration are relative to its folder, wherever the command runs."""
    for name, keys in FILES.items():
        section = getattr(settings, name)
        named = {key: str(folder / getattr(section, key)) for key in keys if getattr(section, key)}
        settings = replace(settings, **{name: replace(section, **named)})
    return replace(settings, also_ami=tuple(_ami_beside(one, folder) for one in settings.also_ami))


def _ami_beside(ami: AmiSettings, folder: Path) -> AmiSettings:
    secret, authority = (str(folder / name) if name else "" for name in (ami.secret_file, ami.ca_file))
    return replace(ami, secret_file=secret, ca_file=authority)


def _with_off(raw: Any) -> Any:
    """YAML reads `off` as false."""
    if isinstance(raw, dict) and isinstance(raw.get("freepbx"), dict) and raw["freepbx"].get("blacklist") is False:
        return raw | {"freepbx": raw["freepbx"] | {"blacklist": "off"}}
    return raw


def parse(raw: Any, path: Path) -> Settings:
    """Checked settings from what YAML gave. Raises SettingsError with all mistakes."""
    from concierge.setting_rules import check_settings

    mistakes = Mistakes(path)
    settings = build(Settings, {} if raw is None else _with_off(raw), "", mistakes)
    if isinstance(settings, Settings):
        check_settings(settings, mistakes)
    if mistakes.found:
        raise SettingsError("\n".join(mistakes.found))
    assert isinstance(settings, Settings)  # noqa: S101 - no mistakes, so it was built
    return _beside(settings, path.parent)
