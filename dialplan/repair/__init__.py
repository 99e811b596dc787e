"""Repairs that are certainly right: proposed for findings, tried on a copy of the plan, and only then written."""

from dialplan.repair.trial import Repaired, fixes, repair

__all__ = ["Repaired", "fixes", "repair"]
