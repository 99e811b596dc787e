"""From a path to a plan."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dialplan.light import Final, replace
from dialplan.plan.build import Builder
from dialplan.plan.directives import is_true
from dialplan.plan.merge import text
from dialplan.plan.model import Context, Diagnostic, Options, Place, Plan, Reserved
from dialplan.plan.substitute import Globals
from dialplan.source.files import Files
from dialplan.source.notes import Note
from dialplan.source.reader import Reader

MAIN: Final = "extensions.conf"
RESERVED: Final = ("general", "globals")
DIRECTIVES: Final = frozenset({"exten", "same", "include", "ignorepat", "switch", "eswitch", "lswitch"})
STDIN: Final = "<stdin>"
_WANTED: Final = "Give extensions.conf, the folder that holds it, or - for standard input."
_ALLOWED: Final = "Run this as root, or as the user that Asterisk runs as."
_BESIDE: Final = ("extensions.ael", "extensions.lua")


class UnreadableError(Exception):
    """There is nothing to read at this path: says which, and why."""


def load(path: str | Path, *, root: str | Path | None = None) -> Plan:
    """Read extensions.conf (or any file as if extensions.conf included it), a folder that holds it, or `-`.

    #include is relative to `root`, by default the folder of the main file. Raises UnreadableError when the
    main file cannot be read, or an included one is there and may not be; whatever is in them, this returns a plan.
    """
    if str(path) == "-":
        return loads(from_stdin(), STDIN, root=root or Path.cwd())
    main = Path(path)
    if main.is_dir():
        main /= MAIN
    try:
        data = main.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot read {main}: {error.strerror}. {_WANTED}") from error
    return loads(data, str(main), root=root or main.parent, main=main.name == MAIN)


def from_stdin() -> bytes:
    """All of standard input. Raises UnreadableError, also where it is closed."""
    try:
        return sys.stdin.buffer.read()
    except (OSError, AttributeError) as error:  # Python gives no sys.stdin that was closed
        reason = error.strerror if isinstance(error, OSError) else "it is closed"
        raise UnreadableError(f"cannot read standard input: {reason}. {_WANTED}") from error


def loads(data: bytes, name: str = MAIN, *, root: str | Path = ".", main: bool = True) -> Plan:
    """Read a plan from bytes; with `main` False as a file that extensions.conf includes."""
    files = Files(Path(root))
    files.give(name, data)
    collecting = gc.isenabled()
    gc.disable()  # nothing here is garbage, and looking for it takes half of the time
    try:
        return _load(files, name, main=main)
    finally:
        if collecting:
            gc.enable()


def reloaded(plan: Plan, root: str | Path, edited: Mapping[str, bytes]) -> Plan:
    """The plan with other bytes in some of its files. Raises UnreadableError when its main file is gone meanwhile."""
    files, name = Files(Path(root)), plan.files[0]
    for path, data in edited.items():
        files.give(path, data)
    if name not in edited:
        try:
            files.give(name, Path(name).read_bytes())
        except OSError as error:
            raise UnreadableError(f"cannot read {name}: {error.strerror}. {_WANTED}") from error
    return _load(files, name, main=name == STDIN or Path(name).name == MAIN)


def _load(files: Files, name: str, *, main: bool) -> Plan:
    reader = Reader(files)
    reader.read(name, main=main)
    if files.denied:
        raise UnreadableError(f"cannot read {files.denied[0]}: Permission denied. {_ALLOWED}")
    more = reader.refusals() if reader.refused and main else []
    files.forget()
    builder = _build(reader) if main is False or not reader.refused else None
    refused = reader.refused and (main or not (builder and builder.contexts))
    plan = _plan(reader, builder, files, refused=refused)
    return replace(plan, also_refused=tuple(map(_diagnostic, more))) if more else plan


def _diagnostic(note: Note) -> Diagnostic:
    return Diagnostic(note.severity, note.code, note.message, Place(note.file, note.line))


def _build(reader: Reader) -> Builder:
    builder = Builder(_globals(reader))
    for section in reader.sections.all:
        if not section.template and section.name.lower() not in RESERVED:
            builder.section(section)
            section.forget()
    builder.verify_includes()
    return builder


def _globals(reader: Reader) -> Globals:
    variables = Globals()
    for section in reader.sections.all:
        if not section.template and section.name.lower() == "globals":
            for line in section.all_lines():
                variables.set(line.name, line.value)
    return variables


def _options(reader: Reader) -> Options:
    """The first [general] only, its last value of each name (ast_variable_retrieve)."""
    general = reader.sections.earlier("general", "")
    given = {line.name.lower(): line.value for line in general.all_lines()} if general else {}
    default = Options()
    return Options(
        autofallthrough=is_true(given.get("autofallthrough", "yes")),
        extenpatternmatchnew=is_true(given.get("extenpatternmatchnew", "no")),
        clearglobalvars=is_true(given.get("clearglobalvars", "no")),
        static=is_true(given.get("static", "no")),
        writeprotect=is_true(given.get("writeprotect", "no")),
        userscontext=text(given.get("userscontext", default.userscontext)),
        overrideswitch=text(given["overrideswitch"]) if given.get("overrideswitch") else None,
    )


def _plan(reader: Reader, builder: Builder | None, files: Files, *, refused: bool) -> Plan:
    notes = [_diagnostic(note) for note in reader.notes]
    if builder is None:
        return Plan({}, loads=False, diagnostics=tuple(notes), files=tuple(reader.files))
    contexts = {}
    for name in list(builder.contexts):
        context = builder.contexts.pop(name).finish()
        contexts[context.name] = context
    variables = builder.globals
    secrets = frozenset(map(text, variables.secrets))
    return Plan(
        contexts,
        not refused,
        {text(name): text(value) for name, value in variables.values.items()},
        _options(reader),
        (*notes, *_discreet(builder.diagnostics, secrets)),
        tuple(reader.files),
        _not_covered(reader, builder, files, contexts.values()),
        secrets,
        tuple(_reserved(reader)),
        tuple(builder.unsaid),
    )


def _reserved(reader: Reader) -> Iterator[Reserved]:
    """Sections that are no contexts although somebody has written a dialplan into them."""
    for section in reader.sections.all:
        if section.name.lower() in RESERVED:
            lost = [line for line in section.all_lines() if line.name.lower() in DIRECTIVES]
            if lost:
                places = tuple(Place(line.source.path, line.line, 1) for line in lost)
                yield Reserved(text(section.name), Place(section.source.path, section.line, 1), places)


def _discreet(diagnostics: list[Diagnostic], secrets: frozenset[str]) -> list[Diagnostic]:
    """Messages name extensions and contexts, and these may hold a credential."""
    for secret in secrets:
        diagnostics = [replace(d, message=d.message.replace(secret, "***")) for d in diagnostics]
    return diagnostics


def _not_covered(reader: Reader, builder: Builder, files: Files, contexts: Iterable[Context]) -> tuple[str, ...]:
    found = [f"{name} is there and is not read" for name in _BESIDE if (files.root / name).is_file()]
    found += [f"#exec at {path}:{line} is never run" for path, line in reader.execs]
    found += [f"{text(what)} is only known to a running Asterisk" for what in builder.globals.unknown]
    found += [f"switch {s.name}/{s.data} in context {c.name}" for c in contexts for s in c.switches]
    return tuple(found)
