"""One evaluation: variables, what it has changed so far, and the substitution itself (pbx_variables.c)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from dialplan.expression.ctext import INT_MAX
from dialplan.expression.names import COMPUTED_VARIABLES
from dialplan.expression.template import Reference, Target, parse_target, split, substring
from dialplan.expression.unknowns import unknown_reference
from dialplan.expression.value import UnknowableError, Unknown, Value, from_bytes_text, join, value_in
from dialplan.expression.world import World
from dialplan.expression.writing import write

VARIABLE_BUFFER = 4096
"""VAR_BUF_SIZE: a variable's value holds at most one byte less."""
MAX_DEPTH = 15
"""MAX_VARIABLE_SUB_RECURSE_DEPTH: deeper substitutions give nothing (and overflow the stack before 18)."""
MAX_NESTING = 30
"""Nesting without that limit (inside functions), where Asterisk would run out of stack some day."""
MAX_WORK = 1_000_000
"""Characters looked at in one evaluation: enough for any text, an end for one that evaluates itself."""
MAX_LENGTH = 65536
"""Longer texts are not followed through functions that let them grow."""

Evaluator = Callable[["Scope", str], Value | None]


class Scope:
    """Mutable state of one evaluation. `changes` and `global_changes` are what functions have set."""

    def __init__(
        self,
        variables: Mapping[str, Value],
        world: World,
        now: datetime | None,
        call: Evaluator,
        compute: Callable[[Scope, str], str],
    ) -> None:
        self.variables, self.world, self.now = variables, world, now
        self.call, self.compute = call, compute
        self.changes: dict[str, Value] = {}
        self.global_changes: dict[str, Value] = {}
        self.warnings: list[str] = []
        self.uncertain = False
        self.depth = self.nesting = self.work = 0

    def stored(self, name: str) -> Value | None:
        """A channel's or global variable, None when there is none (pbx_builtin_getvar_helper)."""
        key = from_bytes_text(name)
        if key in self.changes:
            return self.changes[key]
        if key in self.variables:
            return value_in(self.variables[key])
        return self.stored_global(name)

    def stored_global(self, name: str) -> Value | None:
        """A global variable, None when there is none."""
        key = from_bytes_text(name)
        if key in self.global_changes:
            return self.global_changes[key]
        found = self.world.globals.get(key)
        if found is None:
            return None if self.world.missing == "" else value_in(self.world.missing)
        return value_in(found)

    def store(self, name: str, value: Value) -> None:
        """Set a variable or write to a function."""
        write(self, name, value)

    def lookup(self, name: str) -> Value:
        """The value of `${name}`."""
        if name in COMPUTED_VARIABLES:
            given = self.variables.get(name)
            return Unknown.because(f"${{{name}}}", f"{name} depends on the call") if given is None else value_in(given)
        found = self.stored(name)
        return "" if found is None else found

    def substitute(self, text: str, limit: int | None) -> Value:
        """All references in `text` replaced. `limit`: the C buffer's size in bytes, None where it grows."""
        if "$" not in text:
            return text if limit is None else text[:limit]
        if limit is not None and self.depth >= MAX_DEPTH:
            return self._too_deep(text)
        if self.nesting >= MAX_NESTING:
            raise UnknowableError("a nesting that may exhaust Asterisk's stack")
        self.work += len(text) + 400
        if self.nesting and (self.work > MAX_WORK or len(text) > MAX_LENGTH):
            raise UnknowableError("a text that grows too long or takes too long")
        before = self.depth
        self.depth += limit is not None
        self.nesting += 1
        try:
            return self._substituted(text, limit)
        finally:
            self.depth = before
            self.nesting -= 1

    def _too_deep(self, text: str) -> Value:
        if self.world.version < 18:
            return Unknown.because(text, "a nesting that may exhaust Asterisk's stack")
        self.warnings.append("substitutions are nested more than 15 deep; the innermost give nothing")
        return ""

    def _substituted(self, text: str, limit: int | None) -> Value:
        parts = split(text)
        values = [part if isinstance(part, str) else self._reference(part, limit) for part in parts]
        value = join(values)
        if limit is not None and isinstance(value, str) and len(value) >= limit:
            if any(isinstance(part, Reference) and part.is_expression for part in parts):
                return Unknown.because(text, "the result is longer than Asterisk's buffer")
            value = value[:limit]
        return value

    def _reference(self, reference: Reference, limit: int | None) -> Value:
        fixed = limit is not None
        if fixed and len(reference.body) >= VARIABLE_BUFFER:
            return Unknown.because(reference.source, "longer than Asterisk's buffer")
        if not reference.closed:
            self.warnings.append(f"missing {']' if reference.is_expression else '}'} after {reference.source[:40]}")
        body: Value = reference.body
        if reference.nested:
            body = self.substitute(reference.body, VARIABLE_BUFFER - 1 if fixed else None)
        if isinstance(body, Unknown):
            return unknown_reference(self, reference, body)
        try:
            return self.compute(self, body) if reference.is_expression else self._variable(body, fixed)
        except UnknowableError as problem:
            return Unknown.because(reference.source, str(problem))

    def _variable(self, body: str, fixed: bool) -> Value:
        target = parse_target(body)
        value = self.call(self, target.name) if target.is_function else self.lookup(target.name)
        if value is None:
            return ""
        if isinstance(value, str):
            if fixed or target.is_function:
                value = value[: VARIABLE_BUFFER - 1]
            return substring(value, target.offset, target.length)
        return _part(value, target, body)


def _part(value: Unknown, target: Target, body: str) -> Value:
    if target.offset == 0 and target.length == INT_MAX:
        return value
    return Unknown.because(f"${{{body}}}", value.reason)
