"""Sections to contexts, line by line (pbx/pbx_config.c: pbx_load_config)."""

from __future__ import annotations

from typing import Final

from dialplan.plan.directives import Directives
from dialplan.plan.merge import HINT, Entry, Filling, text
from dialplan.plan.model import Place, Step
from dialplan.plan.order import shrink
from dialplan.plan.priority import BLANKS, parse
from dialplan.plan.substitute import Globals
from dialplan.source.sections import Line, Section

NAME_LIMIT: Final = 255
_NOTHING_YET: Final = -2
_DISCOURAGED: Final = ("_.", "_!")


class Builder(Directives):
    """Feed it the sections in order; then `contexts` holds them by name and `diagnostics` what went wrong."""

    def __init__(self, variables: Globals) -> None:
        super().__init__(variables)
        self._names: dict[str, str] = {}

    def section(self, section: Section) -> None:
        """One section that is a context; the last extension and the counter of `n` start afresh."""
        context = self.contexts.get(section.name)
        if context is None:
            place = Place(section.source.path, section.line, 1, section.source.alias)
            context = self.contexts[section.name] = Filling(section.name, place)
        self.context = context
        self._counter = _NOTHING_YET
        self._enter("")
        exten, step = self._exten_line, self._step
        for line in section.all_lines():
            name = line[0]
            if name == "exten":
                exten(line)
            elif name == "same":
                if self._last:
                    step(line, line[1])
                else:
                    self._orphan(line)
            else:
                self._other(line, name.lower())

    def _other(self, line: Line, name: str) -> None:
        if name.startswith("same"):
            if self._last:
                self._step(line, line.value)
            else:
                self._orphan(line)
        elif name == "exten":
            self._exten_line(line)
        else:
            self.directive(line, name)

    def _orphan(self, line: Line) -> None:
        self.note(line, "error", "same-without-extension", "no extension before this line in its section")

    def _exten_line(self, line: Line) -> None:
        value = line[1]
        exten, _, rest = value.partition(",")
        if "[" in exten or "\\" in exten:
            exten, rest = cut_extension(value)
        if "$" in exten:
            exten = self.globals.substitute(exten, NAME_LIMIT)
        if exten != self._last:
            self._enter(exten[:NAME_LIMIT])
        self._step(line, rest)

    def _enter(self, exten: str) -> None:
        self._last = exten
        self._entry: tuple[Entry, str] | None = None
        self._exten, slash, cid = exten.partition("/")
        self._cid = shrink(cid) if slash else None

    def _step(self, line: Line, rest: str) -> None:
        written, _, call = rest.partition(",")
        written = written.strip(BLANKS)
        label, plus = None, 0
        if written == "n" and self._counter > _NOTHING_YET:
            priority = self._counter + 1
        elif written.isdigit() and len(written) < 9 and written.isascii() and int(written):
            priority = int(written)
        else:
            parsed = self._priority(line, written)
            if parsed is None:
                return
            priority, label, plus = parsed
        application, data = self._call(line, call)
        if priority:
            self._counter = priority = priority + plus
            column = line[3] + len(line[1]) - len(call)
            self._add(line, priority, label, application, data, column)

    def _priority(self, line: Line, written: str) -> tuple[int, str | None, int] | None:
        """Number, label and what `+` adds; None when the line is lost."""
        parsed = parse(written)
        number: int | None = None
        problem = None
        if not parsed.closed:
            problem = "label-unclosed", "a label without its )"
        elif parsed.word == "hint":
            number = HINT
        elif parsed.word in ("n", "next", "s", "same"):
            if self._counter > _NOTHING_YET:
                number = self._counter + (parsed.word[0] == "n")
            else:
                problem = "no-priority-before", f"'{parsed.word}' as the first priority of a section"
        else:
            number = parsed.number
            if number is None:
                number = self.context.labelled(parsed.word, self._exten, self._cid) or 0
            if number < 1:
                problem = "invalid-priority", f"'{text(parsed.word)}' is no priority, and no label above it"
        if problem or number is None:
            self.note(line, "warning", *(problem or ("invalid-priority", "")))
            return None
        return number, parsed.label, parsed.plus

    def _call(self, line: Line, call: str) -> tuple[str, str]:
        application, opened, data = call.partition("(")
        if application[:1] <= " ":
            application = application.lstrip(BLANKS)
        if not opened:
            return application, ""
        if "$" in application and ("${" in application or "$[" in application):
            return call.lstrip(BLANKS), ""
        end = data.rfind(")")
        if end >= 0:
            return application, data[:end]
        self.note(line, "warning", "unclosed-arguments", "no closing ) of the application's arguments")
        return application, data

    def _add(
        self, line: Line, priority: int, label: str | None, application: str, data: str, column: int
    ) -> None:
        exten = self._exten
        if exten in _DISCOURAGED:
            self.note(
                line,
                "warning",
                "catches-all",
                f"'{exten}' also catches the special extensions: use _X{exten[1]}",
            )
        if not exten:
            self.note(line, "error", "no-extension-name", "an extension without a name")
            return
        entry, name = self._entry_for(priority)
        if priority in entry.steps:
            self.note(line, "warning", "priority-in-use", self._in_use(entry, priority))
            return
        if label is not None:
            label = self._label(line, entry, label, priority)
        if priority == HINT and "${" in application and exten[0] != "_":
            application = self._hint(application)
        source = line[4]
        place = Place(source[0], line[2], column, source[1])
        if not (application.isascii() and data.isascii()):
            application, data = text(application), text(data)
        entry.add(Step(priority, label, self._names.setdefault(application, application), data, place), name)

    def _entry_for(self, priority: int) -> tuple[Entry, str]:
        if priority == HINT:
            return self.context.entry(self._exten, self._cid, hint=True)
        if self._entry is None:
            self._entry = self.context.entry(self._exten, self._cid)
        return self._entry

    def _in_use(self, entry: Entry, priority: int) -> str:
        used = entry.steps[priority]
        which = "the hint" if priority == HINT else f"priority {priority}"
        return f"{which} of '{text(self._exten)}' is already in use at line {used.place.line} of {used.place.file}"

    def _label(self, line: Line, entry: Entry, label: str, priority: int) -> str | None:
        """The label as kept; None when another priority has it already."""
        label = text(label)
        if entry.repeats(label, priority):
            self.note(line, "warning", "label-in-use", f"label '{label}' is already in use: it is dropped")
            return None
        self.context.note_label(self._exten, self._cid, entry, label)
        return label

    def _hint(self, devices: str) -> str:
        local = {"EXTEN": self._exten, "CONTEXT": self.context.name, "PRIORITY": "1"}
        return self.globals.substitute(devices, local=local)


def cut_extension(value: str) -> tuple[str, str]:
    """Cut at the first comma outside [sets]; a backslash protects what follows it (pbx_strsep)."""
    depth, at = 0, 0
    while at < len(value):
        char = value[at]
        if char == "[":
            depth += 1
        elif char == "]":
            depth = max(depth - 1, 0)
        elif char == "\\":
            at += 1
        elif char == "," and not depth:
            return value[:at], value[at + 1 :]
        at += 1
    return value, ""
