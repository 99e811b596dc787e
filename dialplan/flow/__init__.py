"""How calls run through a plan: one call (`walk`), or all that may happen (`explore`), by one step function.

The rules are those of main/pbx.c (__ast_pbx_run), main/pbx_builtins.c, apps/app_stack.c, app_while.c and
app_if.c; machine.Machine.step is the only place that applies them.
"""

from dialplan.flow.explore import explore
from dialplan.flow.model import At, Choice, End, Ended, Inputs, Limits, Space, Trace, TraceStep
from dialplan.flow.walk import walk

__all__ = [
    "At",
    "Choice",
    "End",
    "Ended",
    "Inputs",
    "Limits",
    "Space",
    "Trace",
    "TraceStep",
    "explore",
    "walk",
]
