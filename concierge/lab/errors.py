"""What can go wrong in the lab: a missing part of the machine, a program that ended, a wait that was in vain."""

from __future__ import annotations

from concierge.errors import UserError


class LabError(UserError):
    """The lab cannot do it here: what, why, what to do."""


class LabMissingError(LabError):
    """A part of the machine is missing: an Asterisk root, SIPp, root rights."""


class LabTimeoutError(LabError):
    """Something did not happen within its limit."""
