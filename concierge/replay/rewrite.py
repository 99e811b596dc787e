"""PURE: the plan as the sandbox loads it: the same places and jumps; nothing that rings, runs programs or takes long.

Every step keeps its context, extension, priority and label. Applications that need the world outside are replaced
by ones that come back with the result that was assumed, in the order in which they were assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dialplan.applications import effects
from dialplan.applications.arguments import call_in, cut, options, split
from dialplan.applications.effect import Effect
from dialplan.flow.model import Ended, Kind, Trace
from dialplan.plan.match import in_force
from dialplan.plan.model import Context, Extension, Place, Plan, Step

STUB: Final = "concierge-replay-stub"
STUB_CONTEXT: Final = f"""[{STUB}]
exten => BUSY,1,Busy(1)
exten => CONGESTION,1,Congestion(1)
exten => NOANSWER,1,Wait(30)
exten => _[0-9*#],1,Wait(30)
exten => ANSWER,1,Answer()
 same => n,Wait(0.2)
 same => n,Hangup()
"""
SECONDS: Final = "1"
"""What every wait for keys is shortened to."""
KEPT: Final = frozenset(
    """
    answer background goto gotoif gotoiftime gosub gosubif return stackpop hangup incomplete noop proceeding progress
    raiseexception ringing set mset while endwhile exitwhile continuewhile verbose log macro macroexit macroif
    saydigits saynumber sayalpha sayphonetic if elseif else endif exitif dbdel dbdeltree userevent
    resetcdr nocdr setamaflags celgenuserevent importvar
    """.split()  # noqa: SIM905 - read as a list of words
)
"""Run as they are written."""
TIMED: Final[Mapping[str, str]] = {"gotoiftime": "GotoIf", "execiftime": "ExecIf"}
"""What asks the clock, and what asks a condition instead."""
BRANCHING: Final = frozenset({"gotoif", "gosubif", "execif", *TIMED})
OVER: Final = "OVER"
"""Stands for a result after which the call ends."""


@dataclass(frozen=True, slots=True)
class Forced:
    """What the sandbox must not decide for itself. `answers`: "true" or "false" by step, in the order of the visits."""

    answers: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)
    now: datetime | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables that hold the answers."""
        lists = (["1" if answer == "true" else "0" for answer in answers] for answers in self.answers.values())
        return {f"CONCIERGE_ANSWER_{number}": ",".join(each) for number, each in enumerate(lists)}

    def question(self, place: Place) -> str:
        """Stands for the condition of that step; "" where Asterisk decides."""
        if place not in self.answers:
            return ""
        return f"${{SHIFT(CONCIERGE_ANSWER_{list(self.answers).index(place)})}}"


FREE: Final = Forced()


def forced(trace: Trace, now: datetime | None) -> Forced:
    """Times, and conditions that could not be known: steps of which every visit was answered from outside."""
    answers: dict[Place, list[str]] = {}
    for step in (*trace.steps, *trace.hangup_steps):
        if step.application.strip().lower() in BRANCHING:
            outside = step.choice.kind in (Kind.TIME, Kind.CONDITION)
            answers.setdefault(step.place, []).append(step.choice.value if outside else "")
    return Forced({place: tuple(values) for place, values in answers.items() if all(values)}, now)


def sandbox_text(plan: Plan, force: Forced = FREE) -> str:
    """extensions.conf of the sandbox."""
    lines = ["[globals]", *(f"{name} = {escaped(value)}" for name, value in plan.globals.items()), STUB_CONTEXT]
    for context in plan.contexts.values():
        lines += _context(context, force)
    return "\n".join(lines) + "\n"


def variable(application: str) -> str:
    """The variable that holds the results of an application, as a list with commas."""
    return "CONCIERGE_" + "".join(c for c in application.upper() if c.isalnum())


def escaped(text: str) -> str:
    """A semicolon would begin a comment."""
    return text.replace(";", "\\;").replace("\n", " ")


def assumed(trace: Trace) -> dict[str, str]:
    """The variables that make the real call come back with what the trace assumed, in the same order."""
    lists: dict[str, list[str]] = {}
    for step in trace.steps:
        choice = step.choice
        name = choice.application if choice.kind is Kind.RESULT and choice.application else step.application
        value = choice.value if choice.kind is Kind.RESULT else ""
        ends = step is trace.steps[-1] and trace.end.kind not in (Ended.FALLS_OFF, Ended.LIMIT)
        dial = name.lower() == "dial"
        lists.setdefault(variable(name), []).append(OVER if ends and not dial else value)
    return {name: ",".join(values) for name, values in lists.items() if any(values)}


def _context(context: Context, force: Forced) -> Iterator[str]:
    yield f"[{context.name}]"
    for extension in context.extensions:
        for step in extension.steps.values():
            yield _line(extension, step, force)
    for include in context.includes:
        if force.now is None:
            yield f"include => {include.written or include.context}"
        elif in_force(include, force.now):
            yield f"include => {include.context}"


def _line(extension: Extension, step: Step, force: Forced) -> str:
    number = extension.pattern if extension.cid is None else f"{extension.pattern}/{extension.cid}"
    label = f"({step.label})" if step.label else ""
    application, data = replaced(*_answered(step, force.question(step.place)))
    return f"exten => {escaped(number)},{step.priority}{label},{application}({escaped(data)})"


def _answered(step: Step, question: str) -> tuple[str, str]:
    """The step with `question` in place of its own condition or time."""
    name = step.application.strip().lower()
    condition, *rest = cut(step.data, "?", 2)
    if not question or not rest or (name == "execif" and len(cut(condition, ",", 2)) == 2):
        return step.application, step.data
    return TIMED.get(name, step.application), f"{question}?{rest[0]}"


def replaced(application: str, data: str) -> tuple[str, str]:
    """What runs in the sandbox instead."""
    name = application.strip().lower()
    effect = effects.find(name)
    if name == "set":
        return application, _short_timeouts(data)
    if name in KEPT or effect is None:
        return application, data
    if name in _SHORT:
        return application, _SHORT[name](data)
    if name in ("execif", "exec", "tryexec"):
        return application, _nested(name, data)
    if name == "dial":
        return "Dial", _dial(data)
    return _stand_in(effect)


def _short_timeouts(data: str) -> str:
    name, equals, _ = data.partition("=")
    timed = name.strip().lower() in ("timeout(digit)", "timeout(response)")
    return f"{name}{equals}{SECONDS}.2" if timed else data


def _waitexten(data: str) -> str:
    return ",".join([SECONDS, *split(data)[1:]])


def _read(data: str) -> str:
    pieces = [*split(data), "", "", "", "", "", ""][:6]
    return ",".join([*pieces[:5], SECONDS])


def _read_exten(data: str) -> str:
    pieces = [*split(data), "", "", "", ""][:4]
    return ",".join([*pieces, SECONDS])


_SHORT: Final[Mapping[str, Callable[[str], str]]] = {
    "waitexten": _waitexten,
    "read": _read,
    "readexten": _read_exten,
    "wait": lambda _: "0.1",
    "playback": lambda data: data,
    "busy": lambda _: SECONDS,
    "congestion": lambda _: SECONDS,
}


def _nested(name: str, data: str) -> str:
    if name != "execif":
        return _nested_call(data)
    question, *rest = split(data, "?")
    if not rest:
        return data
    branches = [_nested_call(text) if text.strip() else text for text in split("?".join(rest), ":")]
    return f"{question}?{':'.join(branches)}"


def _nested_call(text: str) -> str:
    application, data = call_in(text)
    new_application, new_data = replaced(application, data)
    return f"{new_application}({new_data})"


def _dial(data: str) -> str:
    wanted = [*split(data), "", "", ""][2]
    kept = "".join(letter for letter in options(wanted) if letter in "gd")
    return f"Local/${{SHIFT({variable('Dial')})}}@{STUB}/n,1{',' if kept else ''}{kept}"


def _stand_in(effect: Effect) -> tuple[str, str]:
    """Comes back with the next assumed result, or ends the call where that was assumed."""
    taken = f"${{SHIFT({variable(effect.name)})}}"
    if not effect.status:
        return "ExecIf", f'$["{taken}" = "{OVER}"]?Hangup():NoOp({effect.name})'
    kept = f"${{SET(CONCIERGE_RESULT={taken})}}"
    return "ExecIf", f'$["{kept}" = "{OVER}"]?Hangup():Set({effect.status[0]}=${{CONCIERGE_RESULT}})'
