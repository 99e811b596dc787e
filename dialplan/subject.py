"""What rules look at: one plan, the Asterisk version it is for, and the questions they share."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call, Target, calls, targets
from dialplan.applications.effect import Kind
from dialplan.applications.tables import Table
from dialplan.finding import Finding, Spot
from dialplan.light import TYPE_CHECKING, Any
from dialplan.places import Places
from dialplan.plan.model import Context, Extension, Plan, Step
from dialplan.sounds import Sounds
from dialplan.suppression import Suppression, read

if TYPE_CHECKING:
    from dialplan.flow.calls import Calls
    from dialplan.flow.model import At, Limits


_NAMES: dict[frozenset[str], frozenset[str]] = {}
"""There are few different ones."""


class Read:
    """What a priority's text says; priorities with the same text share one."""

    __slots__ = ("calls", "names", "targets")

    def __init__(self, application: str, data: str) -> None:
        self.calls: tuple[Call, ...] = tuple(calls(application, data))
        self.targets: tuple[tuple[Call, Target], ...] = tuple(
            (call, target) for call in self.calls for target in targets(call)
        )
        names = frozenset([call.application.lower() for call in self.calls])
        self.names = _NAMES.setdefault(names, names)


class Located:
    """One step with the context and extension it is written in. The same step gives the same object."""

    __slots__ = ("_read", "context", "extension", "step")

    def __init__(self, context: Context, extension: Extension, step: Step, read: Read) -> None:
        self.context = context
        self.extension = extension
        self.step = step
        self._read = read

    @property
    def spot(self) -> Spot:
        """Where findings about it point."""
        return Spot(self.step.place, self.context.name, self.extension.pattern, self.step.priority)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The applications it runs."""
        return self._read.calls

    @property
    def targets(self) -> tuple[tuple[Call, Target], ...]:
        """The places it may jump to, each with the application that jumps."""
        return self._read.targets

    @property
    def names(self) -> frozenset[str]:
        """The names of its applications in lower case."""
        return self._read.names


def from_files(plan: Plan, table: Table, given: Mapping[str, str] | None = None) -> Subject:
    """A subject with what stands in its files beside the plan itself. `given`: texts that are no files."""
    texts = {file: _text(Path(file)) for file in plan.files} | dict(given or {})
    suppressions = [item for file, text in texts.items() for item in read(file, text)]
    beside = {Path(file).parent / f"extensions.{kind}" for file in plan.files for kind in ("ael", "lua")}
    words = frozenset(word for path in beside for word in re.findall(r"[\w-]+", _text(path)))
    subject = Subject(plan, table, suppressions, words)
    subject.texts = texts
    return subject


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class Subject:
    """`table`: applications of the version that the plan is to run on.

    `elsewhere`: words of dialplans in other languages beside this one, which may define a context that is
    missing here.
    """

    def __init__(
        self,
        plan: Plan,
        table: Table,
        suppressions: Iterable[Suppression] = (),
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        self.plan = plan
        self.elsewhere = elsewhere
        self.table = table
        self.places = Places(plan)
        self.suppressions = tuple(suppressions)
        self.used: set[Suppression] = set()
        # What rules share among each other, by a name of their own.
        self.memo: dict[str, Any] = {}
        self.entries: tuple[At, ...] = ()
        self.operators: tuple[At, ...] = ()
        # The names of trunks to the outside, as rules/_trunks.py reads them.
        self.trunks: tuple[str, ...] = ()
        self.limits: Limits | None = None
        # The files as they are written, for rules that read comments.
        self.texts: Mapping[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        # The prompts there are, None when nobody has said.
        self.sounds: Sounds | None = None
        # What resolve.py has found out, by step and target: the rules ask the same questions.
        self.resolved: dict[tuple[int, int], Any] = {}
        self._beside: set[str] = set()
        self._by_spot: dict[tuple[str, str, int], list[Suppression]] = {}
        for item in self.suppressions:
            self._by_spot.setdefault((item.code, item.place.file, item.line), []).append(item)

    @functools.cached_property
    def flow(self) -> Calls:
        """All calls of the plan, from the entries that were given or that can be found."""
        from dialplan.flow.calls import Calls  # the flow stands on this module

        return Calls(self, self.entries, self.limits)

    @functools.cached_property
    def fragment(self) -> bool:
        """True for a file that extensions.conf would include: what it lacks may stand in another file."""
        main = Path(self.plan.files[0]).name if self.plan.files else ""
        return not main.startswith(("extensions.conf", "<"))

    @functools.cached_property
    def mostly_complete(self) -> bool:
        """True when no Gosub leans on a context that is not here, and jumps name more contexts that are."""
        here, missing = set(), set()
        for located in self.steps():
            for _, target in located.targets:
                if target.context in self.plan.contexts:
                    here.add(target.context)
                elif target.context and is_literal(target.context):
                    if target.kind is Kind.GOSUB:
                        return False
                    missing.add(target.context)
        return len(here) >= len(missing)

    def enters(self, context: str, extension: Extension) -> bool:
        """True when a jump that names the context leads to this extension: then it is current there."""
        return (context, id(extension)) in self._entered

    @functools.cached_property
    def _entered(self) -> frozenset[tuple[str, int]]:
        named = {
            (target.context, target.exten)
            for located in self.steps()
            for _, target in located.targets
            if target.context and target.exten and target.literal
        }
        return frozenset(
            (context, id(extension)) for context, exten in named for extension in self.places.matching(context, exten)
        )

    @functools.cached_property
    def _written(self) -> dict[str, tuple[Located, ...]]:
        texts: dict[tuple[str, str], Read] = {}

        def located(context: Context, extension: Extension, step: Step) -> Located:
            text = step[2:4]
            read = texts.get(text)
            if read is None:
                read = texts[text] = Read(*text)
            return Located(context, extension, step, read)

        return {
            context.name: tuple(
                located(context, extension, step)
                for extension in context.extensions
                for step in extension.steps.values()
            )
            for context in self.plan.contexts.values()
        }

    @functools.cached_property
    def _by_step(self) -> dict[int, Located]:
        return {id(located.step): located for located in self.steps()}

    def lines(self, file: str) -> list[str]:
        """The lines of a file as they are written, none when its text is not known."""
        if file not in self._lines:
            self._lines[file] = self.texts.get(file, "").splitlines()
        return self._lines[file]

    @functools.cached_property
    def by_application(self) -> Mapping[str, list[tuple[Located, Call]]]:
        """Every application that runs, nested ones too, by its name in lower case, each with its priority."""
        found: dict[str, list[tuple[Located, Call]]] = {}
        for located in self.steps():
            for call in located.calls:
                found.setdefault(call.application.lower(), []).append((located, call))
        return found

    def steps(self) -> Iterator[Located]:
        """Every priority of the plan."""
        return itertools.chain.from_iterable(self._written.values())

    def steps_of(self, context: str) -> Iterator[Located]:
        """Every priority that may run while this context is current."""
        for part in self.places.path(context):
            yield from self._written[part.name]

    def locate(self, step: Step) -> Located:
        """The step of the plan with its context and extension."""
        return self._by_step[id(step)]

    def _look_into(self, file: str) -> None:
        """What a file beside the plan asks to be quiet about."""
        self._beside.add(file)
        found = tuple(read(file, _text(Path(file))))
        self.suppressions += found
        for item in found:
            self._by_spot.setdefault((item.code, item.place.file, item.line), []).append(item)

    def suppress(self, finding: Finding) -> bool:
        """True when the files ask to keep quiet about it; remembers which suppressions were needed."""
        place = finding.spot.place
        if place.file not in self.texts and place.file not in self._beside:
            self._look_into(place.file)
        covering = self._by_spot.get((finding.code, place.file, place.line), ())
        self.used.update(covering)
        return bool(covering)
