"""Which contexts a priority may run in, and whether a place in the dialplan exists: in doubt, it does.

A jump without a context looks in the channel's current context, which is not always the one where the line
stands: a context that includes it may be current. What is said here therefore holds for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.light import dataclass, field
from dialplan.plan.model import Context, Extension, Plan
from dialplan.plan.patterns import Fit, fit

# Contexts that a module fills while Asterisk runs (res_parking's default).
RUNTIME_CONTEXTS = frozenset({"parkedcalls"})


@dataclass(slots=True)
class _Index:
    """One context's extensions: exact ones by name without dashes, patterns in order."""

    exact: dict[str, list[Extension]] = field(default_factory=dict)
    patterns: list[Extension] = field(default_factory=list)


class Places:
    """Questions about one plan. Answers that depend on caller id, time or an outside source are a yes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._matching: dict[tuple[str, str], tuple[Extension, ...]] = {}
        self._indexes: dict[str, _Index] = {}
        self._paths: dict[str, tuple[Context, ...]] = {}
        self._currents: dict[str, tuple[str, ...]] = {}
        self._includers: dict[str, list[str]] = {}
        for context in plan.contexts.values():
            for include in context.includes:
                self._includers.setdefault(include.context, []).append(context.name)

    def currents(self, context: str) -> tuple[str, ...]:
        """The contexts that may be current while a line of this one runs: itself, then its includers."""
        if context not in self._currents:
            found = {context: None}
            waiting = [context]
            while waiting:
                for includer in self._includers.get(waiting.pop(), ()):
                    if includer not in found:
                        found[includer] = None
                        waiting.append(includer)
            self._currents[context] = tuple(found)
        return self._currents[context]

    def path(self, context: str) -> tuple[Context, ...]:
        """The context and what it includes, in the order of search (main/pbx.c pbx_find_extension)."""
        if context not in self._paths:
            found: dict[str, Context] = {}
            self._walk(context, found)
            self._paths[context] = tuple(found.values())
        return self._paths[context]

    def _walk(self, name: str, found: dict[str, Context]) -> None:
        waiting = [name]
        while waiting:
            context = self.plan.contexts.get(waiting.pop())
            if context is not None and context.name not in found:
                found[context.name] = context
                waiting.extend(include.context for include in reversed(context.includes))

    def open_ended(self, context: str) -> bool:
        """True when extensions may come from outside of the files: a switch, or one filled at run time."""
        if context in RUNTIME_CONTEXTS:
            return True
        return any(
            part.switches or any(include.context in RUNTIME_CONTEXTS for include in part.includes)
            for part in self.path(context)
        )

    def matching(self, context: str, exten: str) -> Iterator[Extension]:
        """Every extension that this number may reach from the context, for some caller at some time."""
        key = context, exten
        known = self._matching.get(key)
        if known is None:
            known = self._matching[key] = tuple(
                one for part in self.path(context) for one in self.matching_in(part, exten)
            )
        return iter(known)

    def matching_in(self, context: Context, exten: str) -> Iterator[Extension]:
        """The same in one context without its includes."""
        index = self._index(context)
        yield from index.exact.get(exten.replace("-", ""), ())
        yield from (pattern for pattern in index.patterns if fit(pattern.pattern, exten) is not Fit.NO)

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """May something run at this place?"""
        return any(priority in extension.steps for extension in self.matching(context, exten))

    def labelled(self, context: str, exten: str, label: str) -> bool:
        """May this label be found from this extension?"""
        return any(extension.labelled(label) for extension in self.matching(context, exten))

    def overlapping(self, context: str, pattern: str) -> Iterator[Extension]:
        """Extensions that a number which fits `pattern` may reach too; other patterns always may."""
        for part in self.path(context):
            yield from self.overlapping_in(part, pattern)

    def overlapping_in(self, context: Context, pattern: str) -> Iterator[Extension]:
        """The same in one context without its includes."""
        if not pattern.startswith("_"):
            yield from self.matching_in(context, pattern)
            return
        index = self._index(context)
        yield from index.patterns
        for name, extensions in index.exact.items():
            if fit(pattern, name) is not Fit.NO:
                yield from extensions

    def _index(self, context: Context) -> _Index:
        if context.name not in self._indexes:
            index = _Index()
            for extension in context.extensions:
                if extension.pattern.startswith("_"):
                    index.patterns.append(extension)
                else:
                    index.exact.setdefault(extension.pattern.replace("-", ""), []).append(extension)
            self._indexes[context.name] = index
        return self._indexes[context.name]
