"""Which devices lead out of the house, as its administrator says: `PJSIP/provider`, `DAHDI`, `[to-pstn]`, `!…`."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.applications.arguments import is_literal
from dialplan.light import pattern

SHORT = pattern(r"\d{1,4}")
"""Emergency and service numbers: nobody is asked for these."""
NAMED = pattern(r"!?(\[[^\[\]]+\]|[^\s\[\]/!]+(/[^\s\[\]/]+)?)")


def check(name: str) -> None:
    """Raises ValueError for what is no name of a trunk."""
    if not NAMED.fullmatch(name):
        raise ValueError(f"{name!r} is no TECHNOLOGY, TECHNOLOGY/PEER or [CONTEXT], with ! before it for no trunk")


def leaves(names: Sequence[str], device: str, context: str, looks_so: bool) -> bool:
    """Does a Dial of the device in that context go outside? The last name that fits decides; without one its look."""
    technology, peer, number = _parts(device.strip())
    if is_literal(number) and SHORT.fullmatch(number):
        return False
    for name in reversed(names):
        wanted = name.removeprefix("!")
        if _fits(wanted, technology, peer, context) and (number or wanted.startswith("[")):
            return not name.startswith("!")
    return looks_so


def _parts(device: str) -> tuple[str, str, str]:
    """`PJSIP/5@trunk`, `SIP/trunk/5`, `DAHDI/g0/5`, `Local/5@context/n`: technology, peer, number."""
    technology, _, rest = device.partition("/")
    first, _, after = rest.partition("/")
    if "@" in first:
        number, _, peer = first.partition("@") if technology.upper() != "IAX2" else ("", "", first.rpartition("@")[2])
        return technology, peer, number or after.partition("@")[0]
    if "$" in technology:
        return technology, first if after else "", after or first
    return technology, first, after.partition("@")[0].removeprefix("sip:")


def _fits(wanted: str, technology: str, peer: str, context: str) -> bool:
    from fnmatch import fnmatchcase  # few have named their trunks

    if wanted.startswith("["):
        return fnmatchcase(context.lower(), wanted[1:-1].lower())
    kind, slash, name = wanted.lower().partition("/")
    if slash:
        return fnmatchcase(technology.lower(), kind) and fnmatchcase(peer.lower(), name)
    return fnmatchcase(technology.lower(), kind) or fnmatchcase(peer.lower(), kind)
