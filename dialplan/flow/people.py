"""Dial, Queue and their kin: who answers, and with what status they come back when nobody does."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.flow.cutting import options
from dialplan.flow.jumps import jump
from dialplan.flow.keypad import at, parts
from dialplan.flow.machine import Handler, Machine, Moves, Running, ends, goes_on, number
from dialplan.flow.model import Choice, Ended, Kind, Met, Move, State
from dialplan.flow.settings import ordinary, waits, with_status

ANSWERED = {"Dial": "ANSWER", "RetryDial": "ANSWER", "Queue": "ANSWER"}
QUEUE_WITHOUT_TIME = ("FULL", "JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL")


def dial(machine: Machine, state: State, running: Running) -> Moves:
    """Dial: answered, the call ends with the conversation (g, G go on); else DIALSTATUS says why not."""
    arguments = parts(machine, state, running)
    seconds = number(at(arguments, 2), 0)
    given = options(at(arguments, 3))
    nobody = not at(arguments, 1) and (not arguments or isinstance(arguments[0], str))
    values = ["CHANUNAVAIL"] if nobody else _dial_statuses(seconds, given)
    moves: Moves = []
    for answer in machine.outside.result("Dial", "DIALSTATUS", values):
        status = "CHANUNAVAIL" if nobody and answer.status == "ANSWER" else answer.status
        here = machine.store(state, "DIALSTATUS", status)
        if status in KEYS:
            moves.append(_left_by_key(machine, state, status, given, answer.choice))
        elif status == "ANSWER":
            moves += _served(machine, here, given, answer.choice)
        elif status == "CANCEL":
            moves.append(ends(Ended.HANGUP, "the caller hung up", answer.choice, last=here))
        else:
            took = seconds if status == "NOANSWER" else 0
            moves.append(goes_on(here, answer.choice, took))
    return moves


def _left_by_key(machine: Machine, state: State, key: str, given: dict[str, str], choice: Choice) -> Move:
    """Option d: a key that is an extension ends the ringing; others do nothing, and it rings to its end."""
    context = machine.read(state, "EXITCONTEXT") or state.context
    if "d" not in given or not isinstance(context, str) or not machine.exists(context, key):
        return goes_on(machine.store(state, "DIALSTATUS", "NOANSWER"), choice)
    here = machine.store(state, "DIALSTATUS", "CANCEL")
    return Move(choice, here._replace(context=context, exten=key, priority=1, free=False))


def _dial_statuses(seconds: float, given: dict[str, str]) -> list[str]:
    """A telephone may refuse so that it counts as NOANSWER (SIP 480, causes 16 and 19), without a time-out too."""
    failures = ["BUSY", "CHANUNAVAIL", "CONGESTION"]
    found = ["ANSWER", "NOANSWER", *failures] if seconds else ["ANSWER", *failures, "NOANSWER"]
    return [*found, "DONTCALL", "TORTURE"] if {"P", "p"} & set(given) else found


def _served(machine: Machine, state: State, given: dict[str, str], choice: Choice) -> Moves:
    served = state._replace(met=Met.PERSON)
    if given.get("G"):
        place = given["G"].replace("^", ",")
        return jump(machine, served, machine.value(served, place), place, choice)
    if "g" in given:
        return [goes_on(served, choice)]
    return [ends(Ended.PERSON, "answered, and the conversation is over", choice, last=served)]


def queue(machine: Machine, state: State, running: Running) -> Moves:
    """Queue: answered, the call ends (c goes on); else QUEUESTATUS says why not."""
    arguments = parts(machine, state, running)
    seconds = number(at(arguments, 5), 0)
    given = options(at(arguments, 2))
    known = len(arguments) < 5 or isinstance(arguments[4], str)
    values = ["ANSWER", *(["TIMEOUT"] if seconds or not known else []), *QUEUE_WITHOUT_TIME]
    moves: Moves = []
    for answer in machine.outside.result("Queue", "QUEUESTATUS", values):
        if answer.status in KEYS:
            text = f"where {answer.status} leads is said by the queue's context, which is not in the dialplan"
            moves.append(ends(Ended.UNKNOWN, text, answer.choice))
        elif answer.status in ("ANSWER", "CONTINUE"):
            moves += _after_queue(machine, state, given, answer.choice)
        else:
            here = machine.store(state, "QUEUESTATUS", answer.status)
            moves.append(goes_on(here, answer.choice, seconds if answer.status == "TIMEOUT" else 0))
    return moves


def _after_queue(machine: Machine, state: State, given: dict[str, str], choice: Choice) -> Moves:
    if "c" not in given:
        return [ends(Ended.PERSON, "answered, and the conversation is over", choice)]
    here = machine.store(state._replace(met=Met.PERSON), "QUEUESTATUS", "CONTINUE")
    return [goes_on(here, choice)]


def person(machine: Machine, state: State, running: Running) -> Moves:
    """Other applications that lead to people: they take the call, or come back."""
    moves: Moves = []
    for answer in machine.outside.result(running.name, "", ("ANSWER", "FAILED")):
        if answer.status == "ANSWER":
            moves.append(ends(Ended.PERSON, f"{running.name} takes the call", answer.choice))
        elif running.effect is not None and running.effect.ends.value == "always":
            moves.append(ends(Ended.HANGUP, running.name, answer.choice))
        else:
            for choice, here in with_status(machine, state, running):
                moves.append(goes_on(here, choice if choice.kind else answer.choice))
    return moves


def message(machine: Machine, state: State, running: Running) -> Moves:
    """VoiceMail and Record: a message is left; then the call goes on."""
    left: Sequence[tuple[Choice, State]] = with_status(machine, state, running)
    moves: Moves = []
    for choice, here in left:
        failed = choice.value == "FAILED"
        met = here.met if failed or here.met is Met.PERSON else Met.MESSAGE
        moves.append(goes_on(here._replace(met=met), choice))
    return moves


def voicemail(machine: Machine, state: State, running: Running) -> Moves:
    """VoiceMail: 0 leads to `o` and * to `a` where they are (0 only with operator=yes in voicemail.conf)."""
    moves: Moves = []
    for move in message(machine, state, running):
        exten = EXITS.get(move.choice.value, "")
        if exten and machine.exists(state.context, exten):
            here = machine.store(state, "VMSTATUS", "USEREXIT")
            move = Move(move.choice, here._replace(exten=exten, priority=1, free=False))
        elif exten and move.state is not None:
            move = move._replace(state=machine.store(move.state, "VMSTATUS", "SUCCESS"))
        moves.append(move)
    return moves + _exits(machine, state, running, "VMSTATUS")


def _exits(machine: Machine, state: State, running: Running, status: str) -> Moves:
    """The keys that leave for `o` and `a` may lead there, where calls are explored: 0 only with operator=yes."""
    if machine.one_call:
        return []
    left = machine.store(state, status, "USEREXIT") if status else state
    return [
        Move(Choice(Kind.TARGET, key, running.name), left._replace(exten=exten, priority=1, free=False))
        for key, exten in EXITS.items()
        if machine.exists(state.context, exten)
    ]


EXITS = {"0": "o", "*": "a"}
KEYS = tuple("0123456789*#")
"""As the result of an application: this key is pressed while it runs."""


def directory(machine: Machine, state: State, running: Running) -> Moves:
    """Directory: leads to somebody whose name was found, or comes back."""
    moves: Moves = []
    for answer in machine.outside.result(running.name, "", ("ANSWER", "FAILED")):
        if answer.status == "ANSWER":
            moves.append(ends(Ended.PERSON, "somebody was found in the directory", answer.choice))
            continue
        moves += [
            goes_on(here, choice if choice.kind else answer.choice)
            for choice, here in with_status(machine, state, running)
        ]
    return moves + _exits(machine, state, running, "")


def disa(machine: Machine, state: State, running: Running) -> Moves:
    """DISA: the caller dials on as from another context, or is cut off; the next step never runs (apps/app_disa.c)."""
    [answer] = machine.outside.result(running.name, "", ("ANSWER",))
    if answer.status == "ANSWER":
        return [ends(Ended.PERSON, "the caller dials on with DISA", answer.choice, last=state)]
    return [ends(Ended.APPLICATION, "DISA: a wrong password or number", answer.choice, last=state)]


HANDLERS: dict[str, Handler] = {
    "dial": dial,
    "retrydial": dial,
    "queue": queue,
    "voicemail": voicemail,
    "minivmrecord": message,
    "record": message,
    "directory": directory,
    "disa": disa,
}

__all__ = ["HANDLERS", "Kind", "ordinary", "person", "waits"]
