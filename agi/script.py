"""The handlers as a plain AGI script over stdin and stdout, for PBXs that cannot reach the daemon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from asterisk.agi import AGIError

from agi.handlers import Effect, GetVariable, Handler, Outcome, SetVariable
from agi.protocol import Environment, ProtocolError
from agi.session import Session


def run(session: Session, handler: Handler, arguments: tuple[str, ...], perform: Callable[[Effect], object]) -> Outcome:
    """Drive one handler to its end. `arguments` are those after the handler's name; `perform` does what is not AGI.

    Raises nothing for a hang-up or a failed command: the outcome says `broken-off`.
    """
    handling = handler(_with_arguments(session.environment, arguments))
    result: object = None
    try:
        while True:
            effect = handling.send(result)
            result = _do(session, effect, perform)
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
    except (AGIError, ProtocolError) as error:
        return Outcome("broken-off", {"reason": str(error)})


def _with_arguments(environment: Environment, arguments: tuple[str, ...]) -> Environment:
    return replace(environment, arguments=arguments)


def _do(session: Session, effect: Effect, perform: Callable[[Effect], object]) -> object:
    match effect:
        case SetVariable(name, value):
            session.set_variable(name, value)
            return None
        case GetVariable(name):
            return session.get_variable(name)
        case _:
            return perform(effect)
