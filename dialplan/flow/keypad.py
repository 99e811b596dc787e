"""Background, WaitExten, Incomplete, Read (main/pbx_builtins.c, apps/app_read.c)."""

from __future__ import annotations

from dialplan.expression import Value
from dialplan.flow.cutting import options, split
from dialplan.flow.dialling import ask, invalid, listen
from dialplan.flow.machine import Handler, Machine, Moves, Running, goes_on, number
from dialplan.flow.model import Choice, Ended, Move, State
from dialplan.flow.outside import Listening
from dialplan.flow.settings import likeliest

Parts = list[Value]


def parts(machine: Machine, state: State, running: Running) -> Parts:
    """The arguments, each evaluated."""
    if isinstance(running.data, str):
        return [piece.strip() for piece in split(running.data)]
    return [machine.value(state, piece.strip()) for piece in split(running.raw)]


def at(arguments: Parts, which: int) -> str:
    """An argument by its number from 1; "" when it is not there or not known."""
    value = arguments[which - 1] if which <= len(arguments) else ""
    return value if isinstance(value, str) else ""


def background(machine: Machine, state: State, running: Running) -> Moves:
    """Plays; a key leads to an extension of the context (of argument 4 when only that key fits there)."""
    arguments = parts(machine, state, running)
    given = options(at(arguments, 2))
    context = at(arguments, 4) or state.context
    heard = machine.store(state, "BACKGROUNDSTATUS", "SUCCESS")

    def silence(choice: Choice, seconds: float) -> Moves:
        return [
            goes_on(machine.store(heard, "BACKGROUNDSTATUS", status), made or choice, seconds)
            for made, status in _statuses(machine, choice)
        ]

    if at(arguments, 1).partition("&")[0] in machine.missing_sounds:
        return [goes_on(machine.store(state, "BACKGROUNDSTATUS", "FAILED"))]
    if "p" in given:
        return silence(Choice(), 0)
    asked = Listening(context, "", machine.digit_timeout(state), playing=True, only_choices="m" in given)
    return listen(machine, heard, asked, silence)


def _statuses(machine: Machine, choice: Choice) -> list[tuple[Choice, str]]:
    if not machine.keeps("BACKGROUNDSTATUS") or choice.kind:
        return [(choice, "SUCCESS")]
    answers = machine.outside.result("BackGround", "BACKGROUNDSTATUS", ("SUCCESS", "FAILED"))
    return [(answer.choice, answer.status) for answer in answers]


def wait_exten(machine: Machine, state: State, running: Running) -> Moves:
    """Waits; silence goes on with the next priority when there is one, else `t`, else `e`."""
    arguments = parts(machine, state, running)
    default = machine.response_timeout(state)
    seconds = number(at(arguments, 1), default) if arguments else default

    def silence(choice: Choice, seconds: float) -> Moves:
        if machine.exists(state.context, state.exten, state.priority + 1):
            return [goes_on(state, choice, seconds)]
        from dialplan.flow.dialling import timed_out

        return timed_out(machine, state, choice, seconds)

    return listen(machine, state, Listening(state.context, "", seconds), silence)


def incomplete(machine: Machine, state: State, running: Running) -> Moves:
    """Incomplete: asks for more digits of the number that was dialled."""
    del running
    if not machine.more(state.context, state.exten, machine.callerid):
        return invalid(machine, state, state.exten)
    return ask(machine, state, state.exten, machine.digit_timeout(state))


READ_SECONDS = 10.0


def read(machine: Machine, state: State, running: Running) -> Moves:
    """Read(NAME,prompt,most,options,attempts,seconds): keys into a variable, never a jump."""
    arguments = parts(machine, state, running)
    name = at(arguments, 1)
    most = int(number(at(arguments, 3), 255)) or 255
    attempts = max(1, int(number(at(arguments, 5), 1)))
    seconds = number(at(arguments, 6), READ_SECONDS) or READ_SECONDS
    if at(arguments, 2).partition("&")[0] in machine.missing_sounds:
        failed = machine.store(machine.store(state, name, ""), "READSTATUS", "ERROR")
        return [goes_on(failed)]
    moves: Moves = []
    for entered in machine.outside.entered(machine, state, name, most):
        here = machine.store(state, name, entered.text)
        here = machine.store(here, "READSTATUS", entered.status)
        moves.append(goes_on(here, entered.choice, seconds * attempts if not entered.text else 0))
    return moves


def wait_digit(machine: Machine, state: State, running: Running) -> Moves:
    """WaitDigit and ReadExten: the key comes in variables whose values are not known in advance."""
    arguments = parts(machine, state, running)
    name = at(arguments, 1) if running.name == "ReadExten" else "WAITDIGITRESULT"
    from dialplan.flow.settings import with_status

    moves: Moves = []
    for choice, here in with_status(machine, state, running):
        for entered in machine.outside.entered(machine, here, name, 1):
            there = machine.store(here, name, entered.text)
            moves.append(goes_on(there, choice if choice.kind else entered.choice))
    return moves


HANDLERS: dict[str, Handler] = {
    "background": background,
    "waitexten": wait_exten,
    "incomplete": incomplete,
    "read": read,
    "readexten": wait_digit,
    "waitdigit": wait_digit,
}

__all__ = ["HANDLERS", "Ended", "Move", "at", "likeliest", "parts"]
