"""What a context may hold beside extensions: include, ignorepat, switches (pbx/pbx_config.c, main/pbx.c)."""

from __future__ import annotations

from dialplan.light import Final
from dialplan.plan.merge import Filling, text
from dialplan.plan.model import Diagnostic, Ignorepat, Include, Place, Switch
from dialplan.plan.substitute import VALUE_LIMIT, Globals
from dialplan.plan.timing import parse as parse_timing
from dialplan.source.sections import Line

STACK_LIMIT: Final = 512
_TRUE: Final = frozenset({"yes", "true", "y", "t", "1", "on"})


def is_true(value: str) -> bool:
    """How Asterisk reads a yes (main/utils.c: ast_true)."""
    return value.lower() in _TRUE


class Directives:
    """The lines that are no extensions; `context` is the one being filled."""

    def __init__(self, variables: Globals) -> None:
        self.contexts: dict[str, Filling] = {}
        self.diagnostics: list[Diagnostic] = []
        self.globals = variables
        self.context = Filling("", Place("", 0))

    def note(self, line: Line, severity: str, code: str, message: str) -> None:
        self.diagnostics.append(Diagnostic(severity, code, message, _place(line, 1)))

    def directive(self, line: Line, name: str) -> None:
        """One line; `name` in lower case."""
        if name == "include":
            self._include(line)
        elif name == "ignorepat":
            self._ignorepat(line)
        elif name in ("switch", "lswitch", "eswitch"):
            self._switch(line, name)
        elif name == "autohints":
            self.context.autohints = is_true(line.value)
        else:
            self.note(line, "warning", "unknown-directive", f"unknown directive '{text(line.name)}'")

    def _include(self, line: Line) -> None:
        value = self.globals.substitute(line.value, VALUE_LIMIT)
        if value.lower() in self.context.includes:
            self.note(line, "warning", "already-included", "this context is already included")
            return
        name, cut, timing = value.partition("|" if "|" in value else ",")
        include = Include(text(name), text(timing) if cut and timing else None, _place(line, line.column), text(value))
        self.context.includes[value.lower()] = name, include
        for problem in parse_timing(timing).problems if include.timing else ():
            self.note(line, "warning", "bad-time", text(problem))

    def _ignorepat(self, line: Line) -> None:
        value = self.globals.substitute(line.value, VALUE_LIMIT)
        if value.lower() in self.context.ignorepats:
            self.note(line, "warning", "already-ignored", "this ignorepat is already there")
        else:
            self.context.ignorepats[value.lower()] = Ignorepat(text(value), _place(line, line.column))

    def _switch(self, line: Line, kind: str) -> None:
        value = self.globals.substitute(line.value, VALUE_LIMIT) if kind == "switch" else line.value[:VALUE_LIMIT]
        name, _, data = value.partition("/")
        same = name.lower(), data.lower()
        if same in self.context.switches:
            self.note(line, "warning", "already-switched", "this switch is already there")
        else:
            self.context.switches[same] = Switch(kind, text(name), text(data), _place(line, line.column))

    def verify_includes(self) -> None:
        """Complain about includes of contexts that exist nowhere (ast_context_verify_includes)."""
        for context in self.contexts.values():
            for name, include in context.includes.values():
                if name not in self.contexts:
                    message = f"context '{text(context.name)}' includes '{include.context}', which does not exist"
                    self.diagnostics.append(Diagnostic("warning", "include-unknown", message, include.place))
            if len(context.includes) >= STACK_LIMIT:
                message = f"more than {STACK_LIMIT - 1} includes: Asterisk stops looking at that depth"
                self.diagnostics.append(Diagnostic("warning", "too-many-includes", message, context.place))


def _place(line: Line, column: int) -> Place:
    return Place(line.source.path, line.line, column, line.source.alias)
