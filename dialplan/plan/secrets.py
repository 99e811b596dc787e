"""Which globals look like credentials: their values go to no output unless asked for."""

from __future__ import annotations

import re

from dialplan.light import pattern

_NAMES = pattern(
    r"pass(?!ive|age|through|enger)|pwd|secret|token|api_?key|priv(ate)?_?key|access_?key|credential"
    r"|auth(?!or)|(^|_)(key|pin|pw|pincode|dbuser|login)(_|\d|$)|mgruser|salt|signature",
    re.I,
)
_VALUES = pattern(
    r"-----BEGIN|\w+://[^/\s:@]+:[^/\s@]+@|^(?:sk|pk|gh[opsu]|xox[abp]|AKIA|ASIA|eyJ)[-_A-Za-z0-9.]{12,}$",
    re.I,
)
_RANDOM = pattern(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{20,}")


def looks_secret(name: str, value: str) -> bool:
    """By its name, or by a value that looks random, holds a key, or is a URL with a password in it."""
    if not value:
        return False
    return bool(_NAMES.search(name) or _VALUES.search(value) or _RANDOM.fullmatch(value))
