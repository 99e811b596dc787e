"""Are the installed files still ours? Generic package names (`models`, `agi`) can be overwritten by another wheel,
and neither pip nor `pip check` says so.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

DISTRIBUTION = "asterisk-concierge"


def changed_files(installed: Distribution | None = None) -> list[str]:
    """Names of installed modules that are missing or differ from the wheel's RECORD; [] in a checkout."""
    if installed is None:
        try:
            installed = distribution(DISTRIBUTION)
        except PackageNotFoundError:
            return []
    return [str(file) for file in installed.files or [] if file.suffix == ".py" and not _is_intact(file)]


def _is_intact(file: PackagePath) -> bool:
    if file.hash is None:
        return True
    try:
        content = Path(str(file.locate())).read_bytes()
    except OSError:
        return False
    digest = hashlib.new(file.hash.mode, content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
