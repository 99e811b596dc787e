"""The dialplan as Asterisk holds it: `load` reads it, `match.find` says what would run next."""

from dialplan.plan.loading import UnreadableError, load, loads

__all__ = ["UnreadableError", "load", "loads"]
