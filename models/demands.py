"""PURE: what a campaign asks of an allowed call: the number shown, what follows an opt-out, whose words are said, which
keys mean one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from models.campaign import Campaign

FOLDER = "folder"
PLAYED = ("opt-out-recorded", "opt-out-failed", "to-a-person")
"""The prompts that a called person hears from the dialplan."""
MOST = 10_000
KEYS = "0123456789*#ABCD"
_ONE = re.compile(r"(\+?)(\d{2,15})(?:-\+?(\d{2,15}))?", re.ASCII)
_SOUND = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,79}", re.ASCII)


def shown(caller_id: str, number: int) -> str:
    """The number of the series that this person sees, always the same one; empty when the series has none."""
    series = list(_parts(caller_id))
    total = sum(len(numbers) for _, _, numbers in series)
    if not 0 < total <= MOST:
        return ""
    at = int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:8], "big") % total
    for plus, width, numbers in series:
        if at < len(numbers):
            return f"{plus}{numbers[at]:0{width}}"
        at -= len(numbers)
    return ""


def _parts(caller_id: str) -> Iterator[tuple[str, int, range]]:
    """`+48221000001 48221000010-48221000019` -> plus, digits, numbers of each part; what is none is passed over."""
    for word in re.split(r"[\s,]+", caller_id):
        found = _ONE.fullmatch(word)
        if found is not None and len(found[3] or found[2]) == len(found[2]):
            yield found[1], len(found[2]), range(int(found[2]), int(found[3] or found[2]) + 1)


def demands_of(campaign: Campaign, number: int) -> str:
    """`number shown!after!folder!&name=sound&…[!feature#…]`, for one channel variable; empty when nothing is asked."""
    sounds = [f"{name}={file}" for name, file in campaign.prompts.items() if name in PLAYED and _SOUND.fullmatch(file)]
    folder = campaign.prompts.get(FOLDER, "")
    parts = [
        shown(campaign.caller_id, number),
        campaign.opt_out.after,
        folder.rstrip("/") if _SOUND.fullmatch(folder) else "",
        f"&{'&'.join(sounds)}&" if sounds else "",
    ]
    keys = "#".join(feature_of(key) for key in campaign.opt_out.digits if key in KEYS)
    if keys:
        parts.append(keys)
    return "!".join(parts) if any(parts) else ""


def feature_of(key: str) -> str:
    """The name in features.conf of what a key of KEYS does on a called person's leg."""
    return "concierge-" + {"*": "star", "#": "hash"}.get(key, key)


def mistakes_in(campaign: Campaign) -> Iterator[str]:
    """What would be passed over in a call; said where a campaign is written."""
    words = [word for word in re.split(r"[\s,]+", campaign.caller_id) if word]
    series = list(_parts(campaign.caller_id))
    if len(series) < len(words):
        yield f"caller_id: {campaign.caller_id!r}: a number, several, or ranges such as 48221000000-48221000019"
    total = sum(len(numbers) for _, _, numbers in series)
    if words and len(series) == len(words) and not 0 < total <= MOST:
        yield f"caller_id: {campaign.caller_id!r}: {total} numbers; 1 to {MOST}"
    for name, file in campaign.prompts.items():
        if name not in (*PLAYED, FOLDER):
            yield f"prompts: {name!r} is none of {', '.join((FOLDER, *PLAYED))}"
        elif not _SOUND.fullmatch(file):
            yield f"prompts.{name}: {file!r}: a sound as Playback takes it, without its ending, e.g. custom/thanks"
