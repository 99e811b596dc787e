"""The vocabulary of effects.py: what one application can do to a call. Values only, no behaviour."""

from __future__ import annotations

from enum import StrEnum

from dialplan.light import dataclass


class Kind(StrEnum):
    """What a jump does with the call."""

    GOTO = "goto"  # [[context,]extension,]priority; the call goes on there
    GOSUB = "gosub"  # the same, and Return comes back
    MACRO = "macro"  # context macro-NAME, extension s; comes back at its end
    CONTEXT = "context"  # a context in which the caller's keys are looked up
    FIXED = "fixed"  # a named extension of the current context (`place` says which)
    LEG = "leg"  # the place is for another channel than this call's
    EXTERNAL = "external"  # a program outside the dialplan may send the call anywhere


class Ends(StrEnum):
    """Does the application end the call by itself? (A caller who hangs up always does.)"""

    NEVER = "never"
    MAY = "may"
    ALWAYS = "always"


class Digits(StrEnum):
    """What happens to the keys that the caller presses."""

    NONE = "none"
    EXTENSION = "extension"  # looked up as an extension: jump, else `i`
    VARIABLE = "variable"  # collected into a variable or used by the application, never a jump
    EXIT = "exit"  # one key leaves the application for that extension, when configured


class Block(StrEnum):
    """Applications that move inside their own extension."""

    NONE = ""
    WHILE = "while"
    END_WHILE = "end-while"
    EXIT_WHILE = "exit-while"
    CONTINUE_WHILE = "continue-while"
    IF = "if"
    ELSE_IF = "else-if"
    ELSE = "else"
    END_IF = "end-if"
    EXIT_IF = "exit-if"


@dataclass(frozen=True, slots=True)
class Jump:
    """One way out.

    `place`: "target" (all arguments form the place), "branches" (CONDITION?TRUE:FALSE), "argument N" (counted
    from 1), "option X" (inside X's parentheses), "variable NAME", "extension NAME", "queues.conf", "any".
    """

    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Time in which the caller waits.

    `argument` (from 1, 0: none) holds the seconds, or milliseconds; `default` (seconds) holds when it is left
    out, None means without an end.
    """

    argument: int = 0
    default: float | None = None
    milliseconds: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """One application's row.

    `runs`: where a nested application call stands: "branches", "argument N" or "". `over`: the call does not
    go on after this status, written "VALUE" or "VALUE unless OPTION".
    """

    name: str
    jumps: tuple[Jump, ...] = ()
    runs: str = ""
    ends: Ends = Ends.NEVER
    ends_when: str = ""
    returns: bool = False
    wait: Wait | None = None
    answers: bool = False
    digits: Digits = Digits.NONE
    status: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    person: bool = False
    block: Block = Block.NONE
