"""What can go wrong before a decision is reached, as the administrator sees it.

UserError            wrong use or unreadable input: what, where, what to do (exit code 2)
└── SettingsError    every mistake of a configuration file at once
"""

from __future__ import annotations


class UserError(Exception):
    """Wrong use or unreadable input."""


class SettingsError(UserError):
    """One or more mistakes in the configuration file."""
