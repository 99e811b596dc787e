"""What single fields of the settings must hold beyond their type, and secrets from files or the environment."""

from __future__ import annotations

import ipaddress
import logging
import math
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from concierge.caller_rules import check_callers
from concierge.errors import SettingsError
from concierge.reading import Mistakes

if TYPE_CHECKING:
    from concierge.settings import (
        AgiSettings,
        AmiSettings,
        CodeSettings,
        OptOutSettings,
        PrivacySettings,
        Settings,
        SyncSettings,
    )

SECRET_VARIABLE = "CONCIERGE_AMI_SECRET"  # noqa: S105 - the name, not the secret
FREEPBX_AGI_PORT = 4573
_DIGIT = re.compile(r"[0-9*#A-D]")
AFTER = ("continue", "hangup", "operator")
_SCOPES = ("all", "campaign")
_ON_BYPASS = ("off", "log", "alert", "hangup")
_ON_STALE = ("refuse", "warn")
ENGINES = ("postgresql", "mariadb", "mysql")
SHORTEST = 31  # days; what was called within a month is counted
BRIDGE = ("off", "read", "write", "both")
_FORMS = ("national", "e164", "plus")
FEED_VARIABLE = "CONCIERGE_FEED_SECRET"


def check_settings(settings: Settings, mistakes: Mistakes) -> None:
    """Add what is wrong with the values."""
    _check_site(settings, mistakes)
    _check_agi(settings.agi, mistakes)
    _check_all_ami(settings, mistakes)
    _check_freepbx(settings, mistakes)
    for digit, scope in settings.opt_out.digits.items():
        if not _DIGIT.fullmatch(digit):
            mistakes.add("opt_out.digits", f"{digit!r} is not one key of a telephone")
        if scope not in _SCOPES:
            mistakes.add(f"opt_out.digits.{digit}", f"{scope!r} is not a scope; known are: {', '.join(_SCOPES)}")
    _check_gate(settings, mistakes)
    _check_after(settings.opt_out, mistakes)
    _check_codes(settings.codes, mistakes)
    if settings.gate.unknown_campaign not in ("refuse", "allow"):
        mistakes.add("gate.unknown_campaign", f"{settings.gate.unknown_campaign!r} is none of refuse, allow")
    if not 10 <= settings.gate.reserve <= 3600:
        mistakes.add("gate.reserve", "between 10 and 3600 seconds")
    _at_least(settings.sync.sites, 1, "sync.sites", mistakes)
    check_callers(settings, mistakes)
    _check_registries(settings, mistakes)
    _check_sync(settings.sync, mistakes)
    _check_web(settings, mistakes)
    _check_metrics(settings, mistakes)
    _check_privacy(settings, mistakes)
    _check_files(settings, mistakes)
    _at_least(settings.store.evidence_queue, 1, "store.evidence_queue", mistakes)
    if not 0 <= settings.store.evidence_delay <= 0.05:
        mistakes.add("store.evidence_delay", "between 0 and 0.05 seconds")
    if settings.lint.fail_on not in ("error", "warning", "info"):
        mistakes.add("lint.fail_on", f"{settings.lint.fail_on!r} is none of error, warning, info")
    if settings.log.level.upper() not in logging.getLevelNamesMapping():
        mistakes.add("log.level", f"{settings.log.level!r} is none of debug, info, warning, error")


def _check_gate(settings: Settings, mistakes: Mistakes) -> None:
    gate = settings.gate
    if gate.bypass not in _ON_BYPASS:
        mistakes.add("gate.bypass", f"{gate.bypass!r} is none of {', '.join(_ON_BYPASS)}")
    for number, pattern in enumerate(gate.trunks):
        if not re.fullmatch(r"[A-Za-z0-9]+/[^\s,&]+", pattern):
            mistakes.add(f"gate.trunks[{number}]", f"{pattern!r}: technology and name, e.g. PJSIP/provider or DAHDI/*")
    for number, text in enumerate(gate.free):
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
            mistakes.add(f"gate.free[{number}]", f"{text!r}: a number with + and its country, e.g. +48600100200")
    if not 5 <= gate.fresh <= 3600:
        mistakes.add("gate.fresh", "a number of seconds, from 5 to 3600")
    elif gate.bypass != "off" and gate.reserve < gate.fresh:
        why = f"{gate.reserve:g} seconds are less than gate.fresh ({gate.fresh:g}): a call could still be dialled whose"
        mistakes.add("gate.reserve", f"{why} place among the caps somebody else has got; raise it, or lower gate.fresh")
    url = urlsplit(gate.webhook)
    if gate.webhook and (url.scheme not in ("http", "https") or not url.hostname):
        mistakes.add("gate.webhook", "expected http://HOST/PATH or https://HOST/PATH")


def _check_after(opt_out: OptOutSettings, mistakes: Mistakes) -> None:
    from models.suppression import is_campaign_name

    for name, after in {"": opt_out.after, **opt_out.after_campaign}.items():
        key = f"opt_out.after_campaign.{name}" if name else "opt_out.after"
        if after not in AFTER:
            mistakes.add(key, f"{after!r} is none of {', '.join(AFTER)}")
        if name and not is_campaign_name(name):
            mistakes.add(key, f"{name!r} is no name of a campaign: letters, digits, _ . and -, at most 64")
    if opt_out.on_deaf not in ("report", "repair"):
        mistakes.add("opt_out.on_deaf", f"{opt_out.on_deaf!r} is none of report, repair")


def _check_codes(codes: CodeSettings, mistakes: Mistakes) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", codes.context):
        mistakes.add("codes.context", f"{codes.context!r} is no name of a context: letters, digits, _ and -")
    seen: dict[str, str] = {}
    for name in ("party", "last", "number"):
        code = getattr(codes, name)
        if code and not re.fullmatch(r"[0-9*#A-D]{2,11}", code):
            mistakes.add(f"codes.{name}", f"{code!r}: 2 to 11 keys of a telephone, e.g. *93; empty for none")
        elif code and code in seen:
            mistakes.add(f"codes.{name}", f"{code!r} is codes.{seen[code]} too")
        seen[code] = name


def _check_registries(settings: Settings, mistakes: Mistakes) -> None:
    from models.number import known_country

    registries = settings.registries
    for country, days in registries.max_age.items():
        if not known_country(country):
            mistakes.add(f"registries.max_age.{country}", 'no ISO 3166 code such as US; write NO as "NO"')
        if not re.fullmatch(r"[0-9]{1,5}", days):
            mistakes.add(f"registries.max_age.{country}", f"{days!r} is no number of days; 0 for no limit")
    if registries.on_stale not in _ON_STALE:
        mistakes.add("registries.on_stale", f"{registries.on_stale!r} is none of {', '.join(_ON_STALE)}")


def _check_sync(sync: SyncSettings, mistakes: Mistakes) -> None:
    _check_url(sync.url, mistakes)
    if sync.site and not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", sync.site):
        mistakes.add("sync.site", f"{sync.site!r}: letters, digits, _ . - only, at most 64")
    if sync.on_stale not in _ON_STALE:
        mistakes.add("sync.on_stale", f"{sync.on_stale!r} is none of {', '.join(_ON_STALE)}")
    for key, least, most in (("poll", 0.05, 60.0), ("timeout", 0.1, 60.0), ("max_age", 5.0, math.inf)):
        if not least <= getattr(sync, key) <= most:
            mistakes.add(f"sync.{key}", f"a number of seconds, from {least:g}" + (f" to {most:g}" if most < 99 else ""))
    if sync.max_age < sync.poll + 4 * sync.timeout:
        mistakes.add("sync.max_age", "more than sync.poll and four times sync.timeout, or one lost packet stops calls")


def _check_url(text: str, mistakes: Mistakes) -> None:
    """It is never shown: what is wrong with it may be the password in it."""
    shape = "postgresql://USER@HOST:PORT/DATABASE or mariadb://USER@HOST:PORT/DATABASE"
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        mistakes.add("sync.url", f"{error}; expected {shape}")
        return
    if text and (url.scheme not in ENGINES or not url.path.strip("/") or not url.username):
        mistakes.add("sync.url", f"expected {shape}")
    if url.password or "password=" in url.query:
        mistakes.add("sync.url", "a password does not belong here; write it into a file and set sync.secret_file")


def _check_site(settings: Settings, mistakes: Mistakes) -> None:
    from concierge.wiring import site_of
    from models.number import known_country

    country = settings.site.country
    if not known_country(country):
        hint = f"; did you mean {country.upper()}?" if known_country(country.upper()) else ""
        mistakes.add("site.country", f"{country!r} is no ISO 3166 code such as PL, DE or US{hint}")
        return
    try:
        site_of(settings)
    except ValueError as error:
        mistakes.add("site", str(error))


def _check_agi(agi: AgiSettings, mistakes: Mistakes) -> None:
    _check_port(agi.port, "agi.port", mistakes, lowest=0)
    if agi.port == FREEPBX_AGI_PORT:
        mistakes.add("agi.port", f"{FREEPBX_AGI_PORT} belongs to FreePBX's own FastAGI server; keep 4583")
    _check_allow(agi.allow, "agi.allow", mistakes)
    if not is_loopback(agi.host) and not agi.allow:
        mistakes.add("agi.host", f"{agi.host} is reachable from elsewhere; list the PBX hosts in agi.allow")
    for key in ("header_timeout", "session_timeout"):
        if not 0 < getattr(agi, key) < math.inf:
            mistakes.add(f"agi.{key}", "a number of seconds, more than 0")
    _at_least(agi.sessions, 1, "agi.sessions", mistakes)


def _check_allow(allow: Sequence[str], key: str, mistakes: Mistakes) -> None:
    for number, text in enumerate(allow):
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            mistakes.add(f"{key}[{number}]", f"{error}; write 10.0.0.5 or 10.0.0.0/24")


def _check_metrics(settings: Settings, mistakes: Mistakes) -> None:
    metrics = settings.metrics
    _check_port(metrics.port, "metrics.port", mistakes, lowest=0)
    if metrics.port and metrics.port in (settings.agi.port, settings.web.port):
        mistakes.add("metrics.port", f"{metrics.port} is the port of agi or web; take another")
    if not is_loopback(metrics.host):
        mistakes.add("metrics.host", f"{metrics.host}: only loopback; let a proxy or an agent on this host read it")


def _check_web(settings: Settings, mistakes: Mistakes) -> None:
    web = settings.web
    _check_port(web.port, "web.port", mistakes, lowest=0)
    if web.port and web.port == settings.agi.port:
        mistakes.add("web.port", f"{web.port} is agi.port; take another")
    _check_allow(web.allow, "web.allow", mistakes)
    if not is_loopback(web.host) and not web.allow:
        why = "tokens and numbers would cross the network unencrypted, from anybody"
        mistakes.add("web.host", f"{web.host}: {why}; list who may connect in web.allow, or put a TLS proxy before it")
    for key in ("rate", "patience"):
        if not 0 < getattr(web, key) < math.inf:
            mistakes.add(f"web.{key}", "a number, more than 0")
    for key in ("burst", "requests", "connections"):
        _at_least(getattr(web, key), 1, f"web.{key}", mistakes)
    if not 1_024 <= web.body <= 1_048_576:
        mistakes.add("web.body", f"{web.body}: between 1024 and 1048576 bytes")


def _check_all_ami(settings: Settings, mistakes: Mistakes) -> None:
    _check_ami(settings.ami, "ami", mistakes)
    systems = [settings.ami.system]
    for number, one in enumerate(settings.also_ami):
        key = f"also_ami[{number}]"
        _check_ami(one, key, mistakes)
        if not one.user:
            mistakes.add(f"{key}.user", "empty: name the manager user, as in manager.conf")
        if not one.secret_file:
            mistakes.add(f"{key}.secret_file", f"empty; only the secret of `ami` may be in ${SECRET_VARIABLE}")
        if one.system in systems:
            mistakes.add(
                f"{key}.system", f"{one.system!r} is another PBX's name too; evidence could not tell them apart"
            )
        systems.append(one.system)


def _check_ami(ami: AmiSettings, key: str, mistakes: Mistakes) -> None:
    _check_port(ami.port, f"{key}.port", mistakes, lowest=1)
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", ami.system):
        mistakes.add(f"{key}.system", f"{ami.system!r}: letters, digits, _ . - only, at most 40")
    if any(char in ami.user for char in "\r\n\0"):
        mistakes.add(f"{key}.user", "one line, as in manager.conf")
    if ami.user and not is_loopback(ami.host) and not ami.tls and not ami.plain:
        why = f"{ami.host}: AMI is not encrypted, the secret and all numbers would cross the network"
        mistakes.add(f"{key}.host", f"{why}; set {key}.tls, or use a tunnel that ends on this host")
    if ami.ca_file and not ami.tls:
        mistakes.add(f"{key}.ca_file", f"of no use without {key}.tls")


def _check_freepbx(settings: Settings, mistakes: Mistakes) -> None:
    from models.suppression import is_campaign_name

    freepbx = settings.freepbx
    for key, known in (("blacklist", BRIDGE), ("form", _FORMS)):
        if getattr(freepbx, key) not in known:
            mistakes.add(f"freepbx.{key}", f"{getattr(freepbx, key)!r} is none of {', '.join(known)}")
    if freepbx.campaign and not is_campaign_name(freepbx.campaign):
        mistakes.add("freepbx.campaign", f"{freepbx.campaign!r}: letters, digits, _ . and - only, at most 64")
    if not 1 <= freepbx.every <= 86_400:
        mistakes.add("freepbx.every", "a number of seconds, from 1 to 86400")
    if freepbx.user and not freepbx.secret_file:
        mistakes.add("freepbx.secret_file", "freepbx.user is set: name the file with its secret, mode 0600")
    if any(char in freepbx.user for char in "\r\n\0"):
        mistakes.add("freepbx.user", "one line, as in manager.conf")
    if freepbx.blacklist not in ("off", "") and not (freepbx.user or settings.ami.user):
        mistakes.add("freepbx.blacklist", "it goes through the manager: set freepbx.user (or ami.user)")


def _check_files(settings: Settings, mistakes: Mistakes) -> None:
    from concierge.settings import FILES

    for section, keys in FILES.items():
        for key in keys:
            if any(char in getattr(getattr(settings, section), key) for char in "\0\r\n"):
                mistakes.add(f"{section}.{key}", "no name of a file: a NUL or a line break stands in it")


def _check_privacy(settings: Settings, mistakes: Mistakes) -> None:
    for key in ("checks", "ended", "accesses"):
        days = getattr(settings.retention, key)
        if days and not SHORTEST <= days <= 36_525:
            mistakes.add(
                f"retention.{key}", f"{days}: {SHORTEST} to 36525 days (the limits count contacts), or 0: for ever"
            )
    if settings.privacy.hash_numbers and not settings.privacy.key_file:
        mistakes.add("privacy.key_file", "privacy.hash_numbers is on: name the file with the key, mode 0600")


def _check_port(port: int, key: str, mistakes: Mistakes, lowest: int) -> None:
    if not lowest <= port <= 65535:
        mistakes.add(key, f"{port} is no port; {lowest} to 65535")


def _at_least(value: int, least: int, key: str, mistakes: Mistakes) -> None:
    if value < least:
        mistakes.add(key, f"{value} is too small; at least {least}")


def is_loopback(host: str) -> bool:
    """Can the address be reached from this host only?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ami_secret(ami: AmiSettings, environment: Mapping[str, str] | None = None) -> str:
    """The secret from `ami.secret_file` (which nobody else may read) or from the environment.

    Raises SettingsError; the secret itself is in no message.
    """
    environment = os.environ if environment is None else environment
    if not ami.secret_file:
        secret = environment.get(SECRET_VARIABLE, "")
        if not secret:
            raise SettingsError(f"ami.user is set, but no secret: set ami.secret_file or ${SECRET_VARIABLE}")
        return _one_line(secret, f"${SECRET_VARIABLE}")
    return _secret_in(Path(ami.secret_file), "ami.secret_file")


def bridge_secret(settings: Settings, environment: Mapping[str, str] | None = None) -> str:
    """Of the bridge's own manager user, or of the listener's. Raises SettingsError."""
    if settings.freepbx.user:
        return _secret_in(Path(settings.freepbx.secret_file), "freepbx.secret_file")
    return ami_secret(settings.ami, environment)


def privacy_key(privacy: PrivacySettings) -> bytes:
    """What pseudonyms are made with. Raises SettingsError."""
    if not privacy.key_file:
        raise SettingsError("privacy.key_file is not set; name a file with a random key, mode 0600")
    return _secret_in(Path(privacy.key_file), "privacy.key_file").encode()


def feed_secret(sync: SyncSettings, environment: Mapping[str, str] | None = None) -> str | None:
    """The password from `sync.secret_file` (which nobody else may read) or from the environment; None when there is
    none: a certificate or the system's user may do.

    Raises SettingsError; the secret itself is in no message.
    """
    environment = os.environ if environment is None else environment
    if sync.secret_file:
        return _secret_in(Path(sync.secret_file), "sync.secret_file")
    secret = environment.get(FEED_VARIABLE, "")
    return _one_line(secret, f"${FEED_VARIABLE}") if secret else None


def _secret_in(path: Path, key: str) -> str:
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        remedy = "write the password into it, one line, mode 0600"
        if key == "ami.secret_file":
            remedy = "`concierge hooks install` makes it, with a secret"
        raise SettingsError(f"{key}: {path} is not there; {remedy}") from error
    except OSError as error:
        raise SettingsError(f"{key}: {path}: {error.strerror}; run as the user that it belongs to") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{key}: {path}: not UTF-8 at byte {error.start}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"{key}: {path}: others can read it; run `chmod 600 {path}`")
    return _one_line(secret, f"{key}: {path}")


def _one_line(secret: str, where: str) -> str:
    if not secret or any(char in secret for char in "\r\n\0"):
        raise SettingsError(f"{where}: expected one line with the secret")
    return secret
