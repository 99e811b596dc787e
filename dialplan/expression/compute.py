"""`$[…]` with the functions it may call (ast_expr2.y: op_func)."""

from __future__ import annotations

from functools import lru_cache

from dialplan.expression import longdouble as ld
from dialplan.expression.functions import called_in_expression
from dialplan.expression.lexer import NumericString
from dialplan.expression.operators import Operand, make_string, string
from dialplan.expression.parser import compute as parse_and_compute
from dialplan.expression.roundings import EXACT, INEXACT
from dialplan.expression.scope import Scope
from dialplan.expression.value import UnknowableError
from dialplan.light import pattern

_NAME = pattern(r"[A-Z0-9_]+")
_NUMBER_LIKE = pattern(r"[-0-9. \t]*")
_WORKSPACE = 511


class _FunctionCallError(Exception):
    """The expression is not a matter of its text alone."""


def _no_call(name: str, arguments: list[Operand]) -> Operand:
    raise _FunctionCallError(name, arguments)


def _pure(text: str) -> tuple[str, bool] | None:
    """The value of an expression that calls nothing and whether it is in error, else None."""
    try:
        return parse_and_compute(text, _no_call)
    except _FunctionCallError:
        return None


_pure_cached = lru_cache(maxsize=65536)(_pure)


def compute(scope: Scope, text: str) -> str:
    """The value of the expression whose references are already substituted."""
    known = _pure_cached(text) if len(text) < 256 else _pure(text)
    if known is None:
        known = parse_and_compute(text, lambda name, arguments: _call(scope, name, arguments))
    value, failed = known
    if failed:
        scope.warnings.append(f"syntax error in $[{text[:80]}]")
    return value


def _call(scope: Scope, name: str, arguments: list[Operand]) -> Operand:
    """Names that cannot be functions, and functions that are none, are 0."""
    if not _NAME.fullmatch(name):
        return 0
    if name in EXACT or name in INEXACT:
        return _rounding(name, arguments)
    result = called_in_expression(scope, name, ",".join(map(string, arguments)))
    if result is None:
        return 0
    if len(result) > _WORKSPACE - 11:
        raise UnknowableError("a function's result that may not fit inside an expression")
    return ld.parse(result) if _NUMBER_LIKE.fullmatch(result) else make_string(result)


def _rounding(name: str, arguments: list[Operand]) -> Operand:
    if name in INEXACT:
        raise UnknowableError(f"{name}(), whose last digits depend on the C library")
    count, function = EXACT[name]
    if len(arguments) != count:
        return 0
    if any(isinstance(argument, str) and type(argument) is not NumericString for argument in arguments):
        raise UnknowableError(f"{name}() of text that is no number")
    return function(*[ld.parse(argument) if isinstance(argument, str) else argument for argument in arguments])
