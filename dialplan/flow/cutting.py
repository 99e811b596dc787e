"""The cutting of arguments (dialplan.applications.arguments), remembered: the same texts come again and again."""

from __future__ import annotations

import functools

from dialplan.applications import arguments

_SIZE = 32768


@functools.lru_cache(maxsize=_SIZE)
def split(text: str, separator: str = ",") -> tuple[str, ...]:
    """As arguments.split."""
    return tuple(arguments.split(text, separator))


@functools.lru_cache(maxsize=_SIZE)
def cut(text: str, separator: str, limit: int = 0) -> tuple[str, ...]:
    """As arguments.cut."""
    return tuple(arguments.cut(text, separator, limit))


@functools.lru_cache(maxsize=_SIZE)
def options(text: str) -> dict[str, str]:
    """As arguments.options; not to be changed."""
    return arguments.options(text)


branches = functools.lru_cache(maxsize=_SIZE)(arguments.branches)
gosub_branches = functools.lru_cache(maxsize=_SIZE)(arguments.gosub_branches)
call_in = functools.lru_cache(maxsize=_SIZE)(arguments.call_in)
