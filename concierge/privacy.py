"""Who reads the list by hand, and under which names numbers appear in logs and exports."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from concierge.errors import SettingsError

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.access import Access
    from models.pseudonym import Pseudonyms


def who() -> str:
    """The login of this process with its uid, and who it was before sudo."""
    from concierge.commands.check import _user

    before = os.environ.get("SUDO_USER", "")
    told = f"{_user() or '?'} (uid {os.getuid()})"
    return f"{told}, sudo of {before}" if before else told


def access_of(action: str, question: str = "", number: int | None = None, answered: int = 0) -> Access:
    """What somebody at the command line has asked."""
    from models.access import Access

    return Access(who().encode("utf-8", "replace").decode(), "cli", action, question, number, answered)


def pseudonyms_of(settings: Settings, *, asked: bool = False) -> Pseudonyms | None:
    """When privacy.hash_numbers is on, or they were `asked` for. Raises SettingsError."""
    if not (settings.privacy.hash_numbers or asked):
        return None
    from concierge.setting_rules import privacy_key
    from models.pseudonym import Pseudonyms

    try:
        return Pseudonyms(privacy_key(settings.privacy))
    except ValueError as error:
        raise SettingsError(f"privacy.key_file: {settings.privacy.key_file}: {error}") from error
