"""What is known of the PBX while a text is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dialplan.expression.value import Value
from dialplan.light import dataclass, field

DialplanLookup = Callable[[str, str, str], bool | None]
FunctionLookup = Callable[[str, str], Value | None]


@dataclass(frozen=True)
class World:
    """Everything beside the channel's variables.

    `globals`: the global variables. `missing`: what a variable that is in no mapping stands for ("" as in
    Asterisk; an Unknown where others may have set variables). `dialplan_exists(context, extension, priority)`
    answers DIALPLAN_EXISTS; "" for an argument that is not given, None for "cannot be known". `function(name,
    arguments)` is asked first for every function call, None leaves it to the evaluator; so CALLERID(num) and
    the like can be given. `version`: Asterisk's main version.
    """

    globals: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    missing: Value = ""
    dialplan_exists: DialplanLookup | None = None
    function: FunctionLookup | None = None
    version: int = 22


NOTHING_KNOWN = World()
