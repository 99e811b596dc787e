"""Which prompts Asterisk does not find, in each language that callers are spoken to in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from concierge.doctor.files import data_folder, read_sections, unreadable
from concierge.doctor.finding import Finding, ok, unknown, warning
from concierge.installation.compose import OWN
from concierge.installation.record import record_in
from concierge.spoken import texts
from dialplan.plan import UnreadableError, load

_DRIVERS = ("pjsip.conf", "sip.conf", "iax.conf", "chan_dahdi.conf")
_SPOKEN = re.compile(r"CHANNEL\(language\)\s*=\s*([a-z]{2,3}(?:_[A-Za-z]+)?)")
_SHOWN = 5
_OURS = "`concierge hooks install` puts ours there; `concierge prompts record NAME --language {0}` makes others"
_NONE = "`concierge prompts record NAME --language {0}` makes them"
_SILENT, _ENGLISH = "they are not heard", "callers hear the English ones"


def check_sounds(etc: Path) -> Iterator[Finding]:
    """One finding for each language."""
    record = record_in(etc / OWN["extensions"])
    sounds = Path(record.sounds) if record else data_folder(etc) / "sounds"
    try:
        folders = sorted(one.name for one in sounds.iterdir() if (one / "concierge").is_dir())
    except OSError as error:
        if record is None and read_sections(etc / "asterisk.conf") is None:
            yield unreadable("prompts", etc / "asterisk.conf")  # which says where they are
        else:
            yield unknown("prompts", f"{sounds}: {error.strerror}", "see astdatadir in asterisk.conf, or run as root")
        return
    for language in dict.fromkeys(["en", *folders, *spoken(etc)]):
        yield _examined(sounds, language)


def spoken(etc: Path) -> Iterator[str]:
    """The languages that the configuration names for calls."""
    options = (read_sections(etc / "asterisk.conf") or {}).get("options", {})
    yield from filter(None, [options.get("defaultlanguage", "").strip()])
    for name in _DRIVERS:
        for section in (read_sections(etc / name) or {}).values():
            yield from filter(None, [section.get("language", "").strip()])
    try:
        plan = load(etc / "extensions.conf")
    except UnreadableError:
        return
    for context in plan.contexts.values():
        for extension in context.extensions:
            for step in extension.steps.values():
                yield from _SPOKEN.findall(step.data)


def found_in(sounds: Path, language: str) -> set[str]:
    """The prompts that Asterisk finds in this language (main/file.c: pl_PL, then pl, then no language); what is not
    there it looks for in English."""
    parts = language.split("_")
    names = ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]
    folders = [*(sounds / name / "concierge" for name in names), sounds / "concierge"]
    return {file.stem for folder in folders if folder.is_dir() for file in folder.iterdir()}


def _examined(sounds: Path, language: str) -> Finding:
    name = "prompts" if language == "en" else f"prompts in {language}"
    wanted = [one for one in texts("en") if not one.startswith("demo-")]
    there = found_in(sounds, language)
    missing = [one for one in wanted if one not in there]
    if not missing:
        return ok(name, f"all {len(wanted)} are in {sounds}")
    remedy = (_OURS if texts(language.split("_")[0]) else _NONE).format(language)
    instead = _ENGLISH if found_in(sounds, "en").issuperset(missing) else _SILENT
    folder = sounds / language / "concierge"
    if len(missing) == len(wanted):
        return warning(name, f"none in {folder}; {instead}", remedy)
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return warning(name, f"{folder} lacks {', '.join(missing[:_SHOWN])}{more}; {instead}", remedy)
