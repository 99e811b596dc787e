"""What Asterisk holds in memory after `dialplan reload`: contexts, extensions, steps, each with its place in
the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dialplan.light import NamedTuple, dataclass, field

_NO_LABELS: Mapping[str, int] = MappingProxyType({})


class Place(NamedTuple):
    """Where something was written. `line` as Asterisk counts it, `column` from 1.

    `alias` is Asterisk's name for the file where it differs (`name~~1`: included again), else "".
    """

    file: str
    line: int
    column: int = 1
    alias: str = ""


class Step(NamedTuple):
    """One priority: `exten => pattern,priority(label),application(data)`. `data` is not yet substituted."""

    priority: int
    label: str | None
    application: str
    data: str
    place: Place


@dataclass(frozen=True, slots=True)
class Hint:
    """`exten => pattern,hint,devices`. `label` and `arguments` are rare:
    `hint(label),Custom:x(arguments)`.
    """

    exten: str
    cid: str | None
    data: str
    place: Place
    label: str | None = None
    arguments: str = ""


class Extension(NamedTuple):
    """All steps of one pattern and one caller-id pattern (None: any caller; "": callers without a number).

    `steps` by ascending priority; empty when only a hint exists. `labels` gives the priority that a jump
    reaches.
    """

    pattern: str
    cid: str | None
    steps: Mapping[int, Step]
    place: Place
    hint: Hint | None = None
    labels: Mapping[str, int] = _NO_LABELS

    def labelled(self, label: str) -> Step | None:
        """The step that a jump to this label reaches."""
        return self.steps.get(self.labels.get(label, 0))


@dataclass(frozen=True, slots=True)
class Include:
    """`include => context,timing`; timing is `times,weekdays,days,months[,zone]`, None: always; `written` is
    all of it.
    """

    context: str
    timing: str | None
    place: Place
    written: str = ""


@dataclass(frozen=True, slots=True)
class Ignorepat:
    """`ignorepat => pattern`: dial tone goes on after these digits."""

    pattern: str
    place: Place


@dataclass(frozen=True, slots=True)
class Switch:
    """`switch|lswitch|eswitch => name/data`: extensions that live outside of the dialplan. `kind` is one of
    the three.
    """

    kind: str
    name: str
    data: str
    place: Place


@dataclass(frozen=True, slots=True)
class Context:
    """One context, all its sections merged; `extensions` in the order in which Asterisk tries them."""

    name: str
    place: Place
    extensions: tuple[Extension, ...] = ()
    hints: tuple[Hint, ...] = ()
    includes: tuple[Include, ...] = ()
    ignorepats: tuple[Ignorepat, ...] = ()
    switches: tuple[Switch, ...] = ()
    autohints: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What Asterisk complains about while loading; severity is `error`, `warning` or `info`. Never holds a
    value of a global.
    """

    severity: str
    code: str
    message: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reserved:
    """A section `[general]` or `[globals]` (`name`, `place`) that holds lines of a dialplan, which are lost."""

    name: str
    place: Place
    lines: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """`[general]` settings that change meaning; defaults as in Asterisk (pbx/pbx_config.c)."""

    autofallthrough: bool = True
    extenpatternmatchnew: bool = False
    clearglobalvars: bool = False
    static: bool = False
    writeprotect: bool = False
    userscontext: str = "default"
    overrideswitch: str | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Plan:
    """A whole dialplan. With `loads` False Asterisk refuses all of it and `contexts` is empty.

    `globals` hold secrets in real systems: never print values. `not_covered` names what exists beside the
    plan and
    was not read (extensions.ael, extensions.lua, switches, values that only a running Asterisk knows).
    `secrets` are
    credential-looking globals that were put into extensions or includes. `unsaid`: lines that Asterisk drops without a
    message. `also_refused`: behind the line for which Asterisk refuses the plan, others that do the same.
    """

    contexts: Mapping[str, Context]
    loads: bool = True
    globals: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    reserved: tuple[Reserved, ...] = ()
    unsaid: tuple[Place, ...] = ()
    also_refused: tuple[Diagnostic, ...] = ()
