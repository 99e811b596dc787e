"""One module a rule: its file makes it known, its docstring is its page. See dialplan/rule.py."""

from __future__ import annotations

from pathlib import Path

from dialplan.light import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.subject import Subject

PROGRAMS = "agi eagi deadagi fastagi stasis externalivr audiosocket stasisbroadcast"
DECIDES = "gotoif execif while gosubif if elseif"
NEIGHBOURS = ("C112", "C113", "C114", "C115", "C116", "C117", "C118")
"""Rules about other configuration files that lie beside the plan."""
SPEAKS_OF = {
    **dict.fromkeys(NEIGHBOURS, "(neighbours)"),
    "C901": "(suppressions)",
    "C902": "(suppressions)",
    "C108": "(sounds)",
    "D004": "set",
    "D005": "gotoiftime execiftime (hours)",
    "D108": DECIDES,
    "D109": "return",
    "D110": f"{DECIDES} endwhile exitwhile continuewhile else endif exitif",
    "D201": "wait waitexten",
    "D202": "playback",
    "D304": f"{DECIDES} set",
    "D305": "dial",
    "D306": "set",
    "D402": "background waitexten",
    "D501": "dial queue retrydial followme",
    "D601": "gotoiftime execiftime (hours)",
    "D602": "gotoiftime execiftime (hours)",
    "D603": "playback background",
    "D701": "voicemail",
    "D702": "voicemail",
    "D801": PROGRAMS,
    "D905": "dial queue musiconhold",
    "D906": "dial queue",
}
"""Rules that find nothing in a plan that has none of these applications: their modules need not be imported then."""


def without_a_cause(subject: Subject) -> frozenset[str]:
    """The codes of rules that have nothing to look at in this plan; none where an application's name is computed."""
    there = set(subject.by_application)
    if any("$" in name for name in there):
        return frozenset()
    if subject.suppressions:
        there.add("(suppressions)")
    if subject.sounds is not None:
        there.add("(sounds)")
    if _has_neighbours(subject.plan.files[0] if subject.plan.files else "<"):
        there.add("(neighbours)")
    if any(one.timing for context in subject.plan.contexts.values() for one in context.includes):
        there.add("(hours)")
    return frozenset(code for code, names in SPEAKS_OF.items() if there.isdisjoint(names.split()))


def _has_neighbours(main: str) -> bool:
    """Does another configuration file lie in the folder of this one?"""
    if main.startswith("<"):
        return False
    path = Path(main)
    try:
        return any(one.suffix == ".conf" and one.name != path.name for one in path.parent.iterdir())
    except OSError:
        return True
