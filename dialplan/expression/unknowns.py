"""What a reference gives, and what it may have changed, when its body is known only in part."""

from __future__ import annotations

from dialplan.expression.ctext import strip
from dialplan.expression.names import SETS_VARIABLES
from dialplan.expression.template import Reference
from dialplan.expression.value import Hole, Unknown, Value, join
from dialplan.light import TYPE_CHECKING, pattern

if TYPE_CHECKING:
    from dialplan.expression.scope import Scope

_CALLED = pattern(r"\b(?:" + "|".join(sorted(SETS_VARIABLES)) + r")\s*\(")
_ASSIGNMENT = pattern(r"SET\(([^=]*)=")


def unknown_reference(scope: Scope, reference: Reference, body: Unknown) -> Value:
    """The value of a reference whose substituted body is `body`; its effects go to `scope`.

    A name that is not known is taken for a variable's, not for a function call that someone hid in data.
    """
    found = _ASSIGNMENT.match(body.prefix)
    if not reference.is_expression and found and strip(found[1]) and body.suffix.endswith(")"):
        value = join(_argument(body, found.end()))
        scope.store(strip(found[1]), value)
        return value
    if any(_CALLED.search(piece) for piece in body.pieces if isinstance(piece, str)):
        scope.uncertain = True
    return Unknown.because(reference.source, body.reason)


def _argument(body: Unknown, start: int) -> list[Value]:
    """What SET assigns, without blanks around it."""
    pieces = [body.prefix[start:].lstrip(" \t"), *body.pieces[1:-1], body.suffix[:-1].rstrip(" \t")]
    return [Unknown((piece,)) if isinstance(piece, Hole) else piece for piece in pieces]
