"""One configuration file beside extensions.conf, read as Asterisk reads it (main/config.c)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dialplan.light import dataclass
from dialplan.plan.merge import text
from dialplan.plan.model import Place
from dialplan.source.files import Files
from dialplan.source.reader import Reader
from dialplan.source.sections import Section as Read
from dialplan.subject import Subject

EXTCONFIG = "extconfig.conf"


@dataclass(frozen=True, slots=True)
class Setting:
    """`name = value` of a section, and where the value stands."""

    name: str
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Section:
    """`[name]` with all that it has, inherited settings too."""

    name: str
    settings: tuple[Setting, ...]

    def all(self, name: str) -> list[str]:
        """Every value of that name, in the order of the file."""
        return [one.value for one in self.settings if one.name == name]

    def last(self, name: str) -> str:
        """The value that counts, "" without one."""
        return next(iter(reversed(self.all(name))), "")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """`complete`: nothing may be defined that is not here: no #include is missing, nothing is run, all was read."""

    sections: tuple[Section, ...]
    complete: bool

    def named(self, name: str) -> Iterator[Section]:
        """The sections of that name, in any case of letters."""
        return (one for one in self.sections if one.name.lower() == name.lower())


def neighbour(subject: Subject, name: str) -> Neighbour | None:
    """The file of that name in the folder of the dialplan; None where there is none, or no folder."""
    known: dict[str, Neighbour | None] = subject.memo.setdefault("neighbours", {})
    if name not in known:
        known[name] = _read(subject, name)
    return known[name]


def complete(subject: Subject, name: str, *families: str) -> Neighbour | None:
    """The file when it says all: no realtime (extconfig.conf) has any of these families, or the file itself."""
    found = neighbour(subject, name)
    if found is None or not found.complete:
        return None
    realtime = neighbour(subject, EXTCONFIG)
    if realtime is None:
        return found
    mapped = {one.name.lower() for section in realtime.named("settings") for one in section.settings}
    return found if realtime.complete and mapped.isdisjoint({name, *families}) else None


def _read(subject: Subject, name: str) -> Neighbour | None:
    main = subject.plan.files[0] if subject.plan.files else "<"
    folder = Path(main).parent
    if main.startswith("<") or not _there(folder / name):
        return None
    files = Files(folder)
    reader = Reader(files)
    reader.read(str(folder / name))
    broken = reader.refused or reader.execs or files.denied or any(note.severity == "error" for note in reader.notes)
    sections = (section for section in reader.sections.all if not section.template)
    return Neighbour(tuple(Section(text(one.name), _settings(one)) for one in sections), not broken)


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _settings(section: Read) -> tuple[Setting, ...]:
    return tuple(
        Setting(text(line.name).lower(), text(line.value), Place(line.source.path, line.line, line.column))
        for line in section.all_lines()
    )
