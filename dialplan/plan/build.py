"""Sections to contexts, line by line (pbx/pbx_config.c: pbx_load_config)."""

from __future__ import annotations

import re

from dialplan.light import Final, pattern
from dialplan.plan.directives import Directives
from dialplan.plan.merge import HINT, Entry, Filling, text
from dialplan.plan.model import Place, Step
from dialplan.plan.order import shrink
from dialplan.plan.priority import BLANKS, parse
from dialplan.plan.substitute import Globals
from dialplan.source.sections import Line, Section

NAME_LIMIT: Final = 255
_NOTHING_YET: Final = -2
_ONE_SET: Final = pattern(r"[^\[\]]*\[[^\[\]]*\][^\[\]]*", re.S)
_REMEMBERED: Final = 10_000
_DISCOURAGED: Final = frozenset({"_.", "_!"})
_FEW: Final = {str(number): number for number in range(1, 100)}
_tuple = tuple.__new__  # a third of the time of a NamedTuple's own constructor


class Builder(Directives):
    """Feed it the sections in order; then `contexts` holds them by name and `diagnostics` what went wrong."""

    def __init__(self, variables: Globals) -> None:
        super().__init__(variables)
        self._names: dict[str, str] = {}
        self._nexts: dict[str, str | None] = {"n": None}
        # Lines that Asterisk drops without a message.
        self.unsaid: list[Place] = []

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
        if ("[" in exten and not _ONE_SET.fullmatch(exten)) or "\\" in exten:
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
        if written != "n":
            written = written.strip(BLANKS)
        label, plus = None, 0
        if written in self._nexts and self._counter > _NOTHING_YET:
            priority, label = self._counter + 1, self._nexts[written]
        elif written in _FEW:
            priority = _FEW[written]
        else:
            parsed = self._priority(line, written)
            if parsed is None:
                return
            priority, label, plus = parsed
        application, opened, data = call.partition("(")
        if opened and data[-1:] == ")" and application[:1] > " " and "$" not in application:
            data = data[:-1]
        else:
            application, data = self._call(line, call)
        if priority:
            self._counter = priority = priority + plus
            self._add(line, priority, label, application, data, line[3] + len(line[1]) - len(call))
        else:
            self.unsaid.append(_tuple(Place, (line[4][0], line[2], 1, line[4][1])))

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
            if parsed.word[0] == "n" and not parsed.plus and len(self._nexts) < _REMEMBERED:
                self._nexts[written] = parsed.label
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

    def _add(self, line: Line, priority: int, label: str | None, application: str, data: str, column: int) -> None:
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
        found = self._entry
        if found is None or priority == HINT:
            found = self._find_entry(line, priority)
        entry, name = found
        if priority in entry.steps:
            self.note(line, "warning", "priority-in-use", self._in_use(entry, priority))
            return
        if label is not None:
            label = self._label(line, entry, label, priority)
        if priority == HINT and "${" in application and exten[0] != "_":
            application = self._hint(application)
        if not (application.isascii() and data.isascii()):
            application, data = text(application), text(data)
        known = self._names.setdefault(application, application)
        path, alias = line[4]
        place = _tuple(Place, (path, line[2], column, alias))
        entry.add(_tuple(Step, (priority, label, known, data, place)), name)

    def _find_entry(self, line: Line, priority: int) -> tuple[Entry, str]:
        found = self.context.entry(self._exten, self._cid, hint=priority == HINT)
        if priority != HINT:
            self._entry = found
        if self._exten[0] == "_" and self._exten.rfind("[") > self._exten.rfind("]"):
            message = f"'{text(self._exten)}' opens a set with [ and never closes it: Asterisk may crash"
            self.note(line, "warning", "pattern-unclosed", message)
        return found

    def _in_use(self, entry: Entry, priority: int) -> str:
        used = entry.steps[priority]
        which = "the hint" if priority == HINT else f"priority {priority}"
        place = f"line {used.place.line} of {used.place.file}"
        return f"{which} of '{text(self._exten)}' is already in use at {place}"

    def _label(self, line: Line, entry: Entry, label: str, priority: int) -> str | None:
        """The label as kept; None when another priority has it already."""
        if not label.isascii():
            label = text(label)
        if entry.repeats(label, priority):
            self.note(line, "warning", "label-in-use", f"label '{label}' is already in use: it is dropped")
            return None
        entry.add_label(label, priority)
        self.context.note_label(entry, label)
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
