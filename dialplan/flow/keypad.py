"""Background, WaitExten, Incomplete, Read, ReadExten (main/pbx_builtins.c, apps/app_read.c, apps/app_readexten.c)."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.expression import Value
from dialplan.flow.cutting import options, split
from dialplan.flow.dialling import ask, invalid, listen
from dialplan.flow.machine import Handler, Machine, Moves, Running, goes_on, number
from dialplan.flow.model import NO_CHOICE, Choice, Ended, Kind, Move, State
from dialplan.flow.outside import Dialled, Entered, Listening
from dialplan.flow.settings import likeliest
from dialplan.flow.variables import FORGOTTEN

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
            goes_on(machine.store(heard, "BACKGROUNDSTATUS", "FAILED" if any(missing) else status), made, seconds)
            for made, status in _statuses(machine, choice)
        ]

    missing = [prompt.strip() in machine.missing_sounds for prompt in at(arguments, 1).split("&")]
    if missing[0]:
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
    name, given = at(arguments, 1), options(at(arguments, 4))
    attempts = max(1, int(number(at(arguments, 5), 1)))
    seconds = (number(at(arguments, 6), READ_SECONDS) or READ_SECONDS) * attempts
    if not name and isinstance((arguments or [""])[0], str):
        return [goes_on(machine.store(state, "READSTATUS", "ERROR"))]
    unheard = _unheard(machine, at(arguments, 2))
    if unheard == ALL:
        return [goes_on(_entered(machine, state, name, Entered(NO_CHOICE, "", "ERROR")))]
    moves: Moves = []
    for entered in _attempts(machine, state, arguments, given):
        if entered.status == "TIMEOUT" and not entered.text and unheard:
            entered = entered._replace(status="ERROR")
        here = _entered(machine, state, name, entered)
        moves.append(goes_on(here, entered.choice, seconds if not entered.text else 0))
    return moves


ALL = "all"


def _unheard(machine: Machine, prompts: str) -> str:
    """Which prompts cannot be played: ALL, or the "last" (which makes silence an error), else ""."""
    missing = [prompt.strip() in machine.missing_sounds for prompt in prompts.split("&")]
    return ALL if all(missing) else "last" if missing[-1] else ""


def _attempts(machine: Machine, state: State, arguments: Parts, given: dict[str, str]) -> Sequence[Entered]:
    """One attempt; in one call as many as are allowed while nothing but the ending key comes."""
    most = int(number(at(arguments, 3), 255)) or 255
    enders = given.get("t", "#")
    attempts = max(1, int(number(at(arguments, 5), 1)))
    found: Sequence[Entered] = ()
    for _ in range(attempts if machine.one_call else 1):
        found = machine.outside.entered(machine, state, at(arguments, 1), most, enders)
        if found[0].status != "OK" or found[0].text:
            break
        if "e" in given and machine.version >= KEEPS_ENDER:
            return [found[0]._replace(text=enders)]
    return found


KEEPS_ENDER = 18
"""Option e is known since 18.17, 20.2."""


def _entered(machine: Machine, state: State, name: str, entered: Entered) -> State:
    return machine.store(machine.store(state, name, entered.text), "READSTATUS", entered.status)


def read_exten(machine: Machine, state: State, running: Running) -> Moves:
    """ReadExten(NAME,prompt,context,options,seconds): a whole number of the context, `i` or `t`, and never a jump."""
    arguments = parts(machine, state, running)
    name, context = at(arguments, 1), at(arguments, 3)
    if not name and isinstance((arguments or [""])[0], str):
        return [goes_on(machine.store(state, "READEXTENSTATUS", "ERROR"))]
    elsewhere = len(arguments) >= CONTEXT and not isinstance(arguments[CONTEXT - 1], str)
    ender = "#" if "p" in options(at(arguments, 4)) else ""
    seconds = number(at(arguments, 5), 0) or machine.response_timeout(state)
    moves: Moves = []
    for one in machine.outside.dialled(machine, state, Listening(context or state.context, "", seconds, ender=ender)):
        here, kind = _dialled(machine, state, name, one, context or state.context, ender)
        if elsewhere and kind is Kind.KEY:
            here = machine.store(here, name, FORGOTTEN)
        move = goes_on(here, Choice(kind, one.choice.value, "Read"), one.seconds)
        if move not in moves:
            moves.append(move)
    return moves


CONTEXT = 3


def _dialled(machine: Machine, state: State, name: str, one: Dialled, context: str, ender: str) -> tuple[State, Kind]:
    """The variables as ReadExten leaves them: the number where it exists, without a last # that only ended it."""
    if not one.number:
        return _noted(machine, state, name, "t", "TIMEOUT"), Kind.SILENCE
    typed = "" if one.number == ender else one.number
    if typed.endswith("#") and not machine.exists(context, typed):
        typed = typed[:-1]
    if typed and machine.exists(context, typed):
        value: Value = FORGOTTEN if one.free and not machine.one_call else typed
        return _noted(machine, state, name, value, "OK"), Kind.KEY
    state = machine.store(state, "INVALID_EXTEN", typed)
    return _noted(machine, state, name, "i", "INVALID"), Kind.WRONG


def _noted(machine: Machine, state: State, name: str, value: Value, status: str) -> State:
    return machine.store(machine.store(state, name, value), "READEXTENSTATUS", status)


def wait_digit(machine: Machine, state: State, running: Running) -> Moves:
    """WaitDigit: the key comes in a variable whose value is not known in advance."""
    from dialplan.flow.settings import with_status

    moves: Moves = []
    for choice, here in with_status(machine, state, running):
        for entered in machine.outside.entered(machine, here, "WAITDIGITRESULT", 1):
            there = machine.store(here, "WAITDIGITRESULT", entered.text)
            moves.append(goes_on(there, choice if choice.kind else entered.choice))
    return moves


HANDLERS: dict[str, Handler] = {
    "background": background,
    "waitexten": wait_exten,
    "incomplete": incomplete,
    "read": read,
    "readexten": read_exten,
    "waitdigit": wait_digit,
}

__all__ = ["HANDLERS", "Ended", "Move", "at", "likeliest", "parts"]
