"""Settings and a layout -> the changes that put the hooks in, or take them out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ami.events import VARIABLES
from ami.manager_conf import snippet
from concierge import hooks
from concierge.doctor.files import read_sections
from concierge.errors import UserError
from concierge.installation import blocks
from concierge.installation.changes import Change, as_bytes, change, content, text_of
from concierge.installation.layout import Layout
from concierge.installation.record import line_of
from concierge.installation.ways import without_hook
from concierge.settings import Settings

STAMP = "CONCIERGE_HOOKS"  # a global variable: tells what Asterisk has loaded from what is in the files
OWN = {
    "extensions": "concierge.conf",
    "override": "concierge_override.conf",
    "features": "concierge_features.conf",
    "manager": "concierge_manager.conf",
}
_HEAD = "; Made by `concierge hooks install` from the settings; made anew by it, so do not edit it here.\n"
_PIN, _GROUP = "sub-pincheck", "OUTBOUND_GROUP=OUT_${DIAL_TRUNK}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`secret`: of the manager user; None: no manager user. `sounds`: the folder of Asterisk's languages."""

    settings: Settings
    layout: Layout
    secret: str | None
    sounds: Path


def installation(wanted: Wanted) -> list[Change]:
    """In the order of writing: what is included before what includes it. Raises UserError."""
    layout, texts = wanted.layout, own_texts(wanted)
    found = [*_prompts(wanted.sounds)]
    for name, text in texts.items():
        found.append(change(layout.etc / OWN[name], as_bytes(text), 0o600 if name == "manager" else None))
    found += [_without_own(layout, part) for part in OWN if part not in texts]
    for name, base in _foreign(layout).items():
        part = next((one for one in texts if _file(layout, one) == name), None)
        found.append(_changed(layout.etc / name, blocks.set_aside(base), OWN[part] if part else None))
    return [one for one in found if one is not None]


def removal(layout: Layout, sounds: Path) -> list[Change]:
    """Everything as it was before. Prompts that somebody has replaced stay. Raises UserError."""
    found = [_changed(layout.etc / name, base, None) for name, base in _foreign(layout).items()]
    found += [_without_own(layout, part) for part in OWN]
    for target, source in _sounds(sounds):
        if content(target) == source.read_bytes():
            found.append(change(target, None))
    return [one for one in found if one is not None]


def own_texts(wanted: Wanted) -> dict[str, str]:
    """The content of our own files by part; a part that is not needed is missing."""
    layout, settings = wanted.layout, wanted.settings
    dialplan = hooks.extensions(settings)
    texts = {"features": _features(layout, settings)}
    if layout.generated:
        dialplan += "\n" + hooks.freepbx(layout.freepbx, _kept(layout)) + _codes(settings)
        override = hooks.freepbx_direct(*direct(layout))
        if override:
            texts["override"] = override
    stamp = stamp_of(dialplan, *texts.values())
    texts["extensions"] = dialplan.replace("[globals]\n", f"[globals]\n{STAMP}={stamp}\n", 1)
    if wanted.secret is not None:
        also, auto = _channelvars(layout), settings.callbacks.auto
        texts["manager"] = snippet(layout.asterisk, settings.ami.user, wanted.secret, also=also, originate=auto)
    texts["extensions"] = line_of(layout, wanted.sounds) + texts["extensions"]
    return {part: _HEAD + text for part, text in texts.items()}


def stamp_of(*texts: str) -> str:
    """Twelve hexadecimal digits that change when any of the texts does."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def direct(layout: Layout) -> tuple[bool, list[str]]:
    """Which of the generated ways past the hooks are there, and begin as they are known to: ENUM, direct trunks."""
    text = text_of(layout.etc / "extensions_additional.conf")
    enum = _first(text, "macro-dialout-enum", "s")
    trunks = [exten for exten in ("tdial", "tcustom") if _GROUP in _first(text, "ext-trunk", exten)]
    return _PIN in enum, trunks


def unguarded(layout: Layout) -> list[str]:
    """Generated ways past the hooks that call none and begin in another way than is known: nothing can be put there."""
    text = text_of(layout.etc / "extensions_additional.conf")
    known = direct(layout)
    ways = [] if known[0] or not _first(text, "macro-dialout-enum", "s") else ["macro-dialout-enum"]
    unknown = [one for one in ("tdial", "tcustom") if one not in known[1] and _first(text, "ext-trunk", one)]
    return without_hook(layout) + ways + [f"ext-trunk,{exten}" for exten in unknown]


def _first(text: str, context: str, exten: str) -> str:
    section = re.search(rf"^\[{re.escape(context)}\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
    step = re.search(rf"^exten\s*=>?\s*{exten},1,(.*)$", section[1], re.M) if section else None
    return step[1] if step else ""


def _codes(settings: Settings) -> str:
    """FreePBX's telephones dial where the administrator's own codes are looked for first."""
    return f"\n[from-internal-custom]\ninclude => {settings.codes.context}\n" if _is_own(settings) else ""


def _is_own(settings: Settings) -> bool:
    return settings.codes.context.startswith("concierge")


def _features(layout: Layout, settings: Settings) -> str:
    text = hooks.features(settings)
    if layout.generated:
        return text.removeprefix("[applicationmap]\n")  # included inside of that section
    base = blocks.without_block(text_of(layout.etc / "features.conf"))
    known = re.search(r"^\s*\[applicationmap\]", base, re.M)
    return text.replace("[applicationmap]", "[applicationmap](+)", 1) if known else text


def _channelvars(layout: Layout) -> list[str]:
    """What channelvars holds already; the last one wins."""
    sections = read_sections(layout.etc / "manager.conf") or {}
    words = [word.strip() for word in sections.get("general", {}).get("channelvars", "").split(",")]
    return [word for word in words if word and word not in VARIABLES]


def _file(layout: Layout, part: str) -> str:
    return layout.override if part == "override" else layout.file(part)


def _foreign(layout: Layout) -> dict[str, str]:
    """The administrator's files that are ours to change, in the order of reading, as they are without us."""
    names = dict.fromkeys(_file(layout, part) for part in OWN if _file(layout, part))
    if layout.generated:
        dialplan = [_file(layout, "override"), _file(layout, "extensions")]
        names = dict.fromkeys([*(name for one in dialplan for name in _included(layout.etc, one)), *names])
    return {name: blocks.brought_back(blocks.without_block(text_of(layout.etc / name))) for name in names}


def _included(etc: Path, name: str) -> Iterator[str]:
    """Files that a file of the administrator includes, deepest first, and itself; not our own."""
    text = blocks.without_block(text_of(etc / name))
    for found in re.findall(r"^\s*#(?:try)?include\s+[\"<]?([A-Za-z0-9_.-]+)", text, re.M):
        if found != name and found not in OWN.values() and (etc / found).is_file():
            yield from _included(etc, found)
    yield name


def _kept(layout: Layout) -> set[str]:
    return {hook for base in _foreign(layout).values() for hook in blocks.hooks_in(base)}


def _changed(path: Path, base: str, include: str | None) -> Change | None:
    there = path.exists()
    if include is not None:
        new = not there or blocks.is_ours_alone(text_of(path))
        return change(path, as_bytes(blocks.with_block(base, [f"#include {include}"], new=new)))
    if not there or blocks.is_ours_alone(text_of(path)):
        return change(path, None)
    return change(path, as_bytes(base))


def _without_own(layout: Layout, part: str) -> Change | None:
    path = layout.etc / OWN[part]
    before = content(path)
    if before is not None and not before.startswith(_HEAD.encode()):
        raise UserError(f"{path} was not made by `concierge hooks install`; move it away")
    return change(path, None)


def _prompts(sounds: Path) -> Iterator[Change | None]:
    """Ours; one that was replaced by `concierge prompts record` is kept."""
    for target, source in _sounds(sounds):
        if not target.exists():
            yield change(target, source.read_bytes(), 0o644)


def _sounds(sounds: Path) -> Iterator[tuple[Path, Traversable]]:
    for language in sorted(files("concierge").joinpath("sounds").iterdir(), key=lambda one: one.name):
        if not language.is_dir():
            continue
        for source in sorted(language.iterdir(), key=lambda one: one.name):
            if source.name.endswith(".wav"):
                yield sounds / language.name / "concierge" / source.name, source
