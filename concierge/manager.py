"""Settings -> how to log in to a PBX's manager interface, encrypted where it is elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import replace

from ami.link import Access
from concierge.errors import UserError
from concierge.setting_rules import ami_secret
from concierge.settings import AmiSettings, Settings


def access_of(ami: AmiSettings, user: str = "", secret: str = "") -> Access:
    """As `ami.user`, or as another user. Raises SettingsError for its secret, UserError for the certificates."""
    return Access(user or ami.user, secret or ami_secret(ami), ami.host, ami.port, _context(ami) if ami.tls else None)


def all_of(settings: Settings) -> Sequence[AmiSettings]:
    """Every PBX that is listened to, the first one as `ami`."""
    return [one for one in (settings.ami, *settings.also_ami) if one.user]


def others_of(settings: Settings) -> frozenset[str]:
    """The names of all PBXs but the first: their channels and calls are told from its own by them."""
    return frozenset(one.system for one in settings.also_ami)


def of_system(settings: Settings, system: str) -> Settings:
    """The settings as the PBX `system` needs them: its manager is the first one. Raises UserError."""
    for one in all_of(settings):
        if one.system == system:
            auto = settings.callbacks.auto and one is settings.ami  # who places callbacks
            return replace(settings, ami=one, callbacks=replace(settings.callbacks, auto=auto))
    known = ", ".join(one.system for one in all_of(settings)) or "none"
    raise UserError(f"--system {system}: no PBX of this name in ami and also_ami; there are: {known}")


def _context(ami: AmiSettings) -> ssl.SSLContext:
    """The server must prove its name."""
    try:
        return ssl.create_default_context(cafile=ami.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        what = "name the PEM file of who has signed the PBX's certificate"
        raise UserError(f"ami.ca_file: {ami.ca_file}: {error}; {what}") from error
