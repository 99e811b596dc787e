"""Reads a configuration file with everything it includes, as main/config.c does (config_text_file_load).

What is wrong in the main file makes Asterisk refuse all of it. What is wrong in an included file only ends
that
file, silently but for a line in the log, and what follows its #include is read on.
"""

from __future__ import annotations

import re

from dialplan.light import Final, NoReturn, pattern
from dialplan.source.comments import Comments, TooDeepError
from dialplan.source.files import Files, Text
from dialplan.source.notes import Note
from dialplan.source.sections import Line, Section, Sections, Source

BLANKS: Final = "".join(map(chr, range(1, 33)))
DEPTH_LIMIT: Final = 10
INHERITED_LIMIT: Final = 1_000_000
AGAIN_LIMIT: Final = 1_000_000
_DIRECTIVE = pattern(r"#([\x21-\x7f]*)(.*)", re.S)
_tuple = tuple.__new__  # a third of the time of a NamedTuple's own constructor
_BOM = "\xef\xbb\xbf"


class CutOffError(Exception):
    """The rest of this file is lost."""


class Reader:
    """One load. After `read` see `sections`, `notes`, `files` (in the order first read) and `refused`."""

    def __init__(self, files: Files, survey: bool = False) -> None:
        """`survey`: what makes Asterisk refuse the main file is noted, and the file is read on."""
        self.survey = survey
        self.main = ""
        self.sections = Sections()
        self.notes: list[Note] = []
        self.files: dict[str, None] = {}
        self.execs: list[tuple[str, int]] = []
        self.refused = False
        self._source = files
        self._level = 0
        self._included: dict[str, int] = {}
        self._inherited = 0
        self._again = 0

    def read(self, path: str, *, main: bool = True) -> None:
        """Read a file and all it includes; with `main` False as if an #include had named it."""
        self._level = 1 if main else 2
        self.main = path
        _, ended = self._load([path], "")
        self.refused = not ended

    def refusals(self) -> list[Note]:
        """Of a main file that is refused: what else would make Asterisk refuse it, in the order of lines."""
        again = Reader(self._source, survey=True)
        again.read(self.main)
        return [note for note in again.notes if note.severity == "error" and note not in self.notes]

    def note(self, severity: str, code: str, message: str, file: str, line: int) -> None:
        self.notes.append(Note(severity, code, message, file, line))

    def _load(self, paths: list[str], alias: str) -> tuple[int, bool]:
        """Read the files of one #include; returns how many there were, and whether all were read to the
        end.
        """
        scan, count = _Scan(self), 0
        for path in paths:
            text = self._source.read(path)
            if text is None:
                continue
            count += 1
            scan.source = Source(path, alias)
            try:
                self._allow(scan, path, text)
                scan.run(text)
            except CutOffError:
                return count, False
            opened = scan.comments.unfinished()
            if opened is not None:
                what = "a block comment is never closed" if opened else "a --; closes no comment"
                self.note("warning", "comment-unterminated", f"{what}: what follows is ignored", path, opened or 1)
        return count, True

    def _allow(self, scan: _Scan, path: str, text: Text) -> None:
        """Keeps files that #tryinclude each other from being read for ever."""
        if path in self.files:
            self._again += len(text.lines)
        self.files[path] = None
        if self._again > AGAIN_LIMIT:
            scan.fail("too-much-included", f"more than {AGAIN_LIMIT} lines were included again")

    def include(self, name: str, alias: str) -> bool:
        """#include; False when there was nothing to read."""
        if self._level == DEPTH_LIMIT + 1:
            return False
        self._level += 1
        count, ended = self._load(self._source.find(name), alias)
        if ended or not count:
            self._level -= 1  # a file that was cut off keeps its level, as in Asterisk
        return count > 0

    def repeated(self, name: str) -> str:
        """What Asterisk calls the lines of a file that is included again; '' the first time."""
        times = self._included[name] = self._included.get(name, -1) + 1
        return f"{name}~~{times}" if times else ""

    def may_inherit(self, lines: int) -> bool:
        """Keeps templates that double each other from filling the memory."""
        self._inherited += lines
        return self._inherited <= INHERITED_LIMIT


class _Scan:
    """The files of one #include, line by line.

    Line numbers, comments and the section go on from one file to the next.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.source = Source("")
        self.comments = Comments()
        self.section = reader.sections.current
        self.line = 0

    def run(self, text: Text) -> None:
        """Read all lines of `source`."""
        comments, source = self.comments, self.source
        append = self.section.lines.append if self.section else None
        number = self.line
        for raw in self._lines(text, number):
            number += 1
            live = raw
            if comments.depth or ";" in raw:
                self.line = number
                live = self._live(raw)
            elif append and live[7:9] > "  " and live[-1] > " ":  # as nearly every line is written
                start = live[:8]
                if start == "same => ":
                    append(_tuple(Line, ("same", live[8:], number, 9, source)))
                    continue
                if start == "exten =>" and live[8:9] == " " and live[9:10] > " ":
                    append(_tuple(Line, ("exten", live[9:], number, 10, source)))
                    continue
            live = live.strip(BLANKS)
            if not live:
                continue
            equals = live.find("=")
            if equals > 0 and append and live[0] not in "[#\\" and live[equals - 1] != "+":
                value = live[equals + 2 :] if live.startswith(">", equals + 1) else live[equals + 1 :]
                value = value.strip(BLANKS)
                name = live[:equals].strip(BLANKS)
                append(_tuple(Line, (name, value, number, raw.find(value, equals) + 1, source)))
            else:
                self.line = number
                try:
                    self._other(live, raw)
                except CutOffError:
                    self._read_on()
                append = self.section.lines.append if self.section else None
        self.line = number

    def _read_on(self) -> None:
        """Behind what makes Asterisk refuse the file, when all of it is to be found; raises CutOffError when not."""
        if not (self.reader.survey and self.source.path == self.reader.main):
            raise CutOffError
        if self.section is None:
            self.section = Section("", self.source, self.line)
        if self.section not in self.reader.sections:
            self.reader.sections.append(self.section)  # what follows finds it, and is no further mistake

    def _lines(self, text: Text, before: int) -> list[str]:
        lines = text.lines
        bom = before == 0 and lines[0].startswith(_BOM)
        if not bom and not text.too_long:
            return lines
        lines = list(lines)
        if bom:
            lines[0] = lines[0][len(_BOM) :]
        for index in text.too_long:
            lines[index] = ""
            self._note("warning", "line-too-long", "longer than 8190 bytes: Asterisk skips it", before + index + 1)
        return lines

    def _live(self, raw: str) -> str:
        try:
            return self.comments.strip(raw, self.line)
        except TooDeepError:
            self.fail("comment-nesting", "more than 128 nested block comments: Asterisk hangs here")

    def _other(self, live: str, raw: str) -> None:
        """Anything but a plain `name = value`."""
        if live[0] == "[":
            self._header(live)
        elif live[0] == "#":
            self._directive(live)
        elif self.section is None:
            self.fail("no-section", "a line before any [section]")
        else:
            self._assignment(self.section, live, raw)

    def _header(self, live: str) -> None:
        name, closed, rest = live[1:].partition("]")
        section = Section(name, self.source, self.line)
        self.section = section
        if not closed:
            self.fail("no-closing-bracket", "no closing ] of a [section]")
        if not rest.startswith("("):
            self.reader.sections.append(section)
            return
        options, closed, _ = rest[1:].partition(")")
        if not closed:
            self.fail("no-closing-parenthesis", "no closing ) after a [section]")
        added = False
        for option in options.split(","):
            added |= self._option(name, option, section)
        if not added:
            self.reader.sections.append(section)

    def _option(self, name: str, option: str, fresh: Section) -> bool:
        """One of `!`, `+`, a section to inherit from; True when the lines go to an earlier section."""
        section, sections = self.section or fresh, self.reader.sections
        if option == "!":
            section.template = True
        elif option.startswith("+"):
            return self._add_to_earlier(name, option[1:], fresh)
        else:
            base = sections.base(option)
            if base is None:
                message = f"section '{_shown(name)}' inherits from '{_shown(option)}', which is not above it"
                self.fail("unknown-template", message)
            self._inherit(section, base)
        return False

    def _add_to_earlier(self, name: str, condition: str, fresh: Section) -> bool:
        earlier = self.reader.sections.earlier(name, condition)
        if earlier is None:
            self.fail("unknown-section", f"[{_shown(name)}](+) adds to a section that is not above it")
        if self.section is fresh:
            self._inherit(earlier, fresh)
            earlier.template |= fresh.template
            self.reader.sections.current = earlier
        self.section = earlier
        return True

    def _inherit(self, section: Section, base: Section) -> None:
        if base is section and base.size():
            self.fail("inherits-itself", "a section that inherits from itself: Asterisk never comes back")
        if not self.reader.may_inherit(base.size()):
            self.fail("too-much-inherited", f"templates give more than {INHERITED_LIMIT} lines")
        section.inherit(base)

    def _directive(self, live: str) -> None:
        found = _DIRECTIVE.match(live)
        word, argument = (found[1].lower(), found[2][1:].strip(BLANKS)) if found else ("", "")
        if word == "exec":
            self.reader.execs.append((self.source.path, self.line))
            self._note(
                "warning",
                "exec-skipped",
                "#exec is never run here, and by Asterisk only with execincludes=yes",
            )
        elif word not in ("include", "tryinclude"):
            self._note("warning", "unknown-hash", "an unknown #directive: the line is ignored")
        elif not argument:
            self._note("warning", "include-empty", f"#{word} names no file")
        else:
            self._include(_unquote(argument), forgiving=word == "tryinclude")

    def _include(self, name: str, *, forgiving: bool) -> None:
        alias = self.reader.repeated(name)
        if alias:
            self._note("warning", "included-again", f"'{_shown(name)}' is included more than once")
        if not self.reader.include(name, alias) and not forgiving:
            self.fail(
                "include-missing",
                f"#include of '{_shown(name)}': no such file, or more than {DEPTH_LIMIT} levels deep",
            )

    def _assignment(self, section: Section, live: str, raw: str) -> None:
        escaped = live[0] == "\\"
        if escaped:
            live = live[1:]
            if not "!" <= live[:1] <= "\x7f":
                self.fail("bad-escape", "a \\ with nothing to escape")
        equals = live.find("=", int(escaped))
        if equals < 0:
            self._note("warning", "no-equals", "a line without =")
            return
        if equals > int(escaped) and live[equals - 1] == "+":
            name, value = live[: equals - 1].strip(BLANKS), live[equals + 1 :]
            if section.append_to_last(name, value):
                return
        else:
            name, value = live[:equals].strip(BLANKS), live[equals + 1 :].removeprefix(">")
        if not name:
            self._note("warning", "no-name", "no name before =")
            return
        value = value.strip(BLANKS)
        column = max(raw.find(value, raw.find("=")), 0) + 1
        section.lines.append(Line(name, value, self.line, column, self.source))

    def _note(self, severity: str, code: str, message: str, line: int | None = None) -> None:
        self.reader.note(severity, code, message, self.source.path, line or self.line)

    def fail(self, code: str, message: str) -> NoReturn:
        self._note("error", code, message)
        raise CutOffError


def _unquote(text: str) -> str:
    if text[0] in '"<' and text.endswith({"<": ">", '"': '"'}[text[0]]):
        return text[1:-1]
    return text


def _shown(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "backslashreplace")[:80]
