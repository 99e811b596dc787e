"""One module a rule: its file makes it known, its docstring is its page. See dialplan/rule.py."""

from __future__ import annotations

import os

from dialplan.light import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.subject import Subject

PROGRAMS = "agi eagi deadagi fastagi stasis externalivr audiosocket stasisbroadcast"
DECIDES = "gotoif execif while gosubif if elseif"
DEVICES = "pjsip.conf sip.conf iax.conf chan_dahdi.conf"
SPEAKS_OF = {
    "C112": "modules.conf",
    "C113": "voicemail.conf",
    "C114": "queues.conf",
    "C115": "musiconhold.conf",
    "C116": "features.conf",
    "C117": DEVICES,
    "C118": f"{DEVICES} queues.conf voicemail.conf",
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
"""Rules that find nothing in a plan that has none of these applications, and none of these files beside it: their
modules need not be imported then."""


def without_a_cause(subject: Subject) -> frozenset[str]:
    """The codes of rules that have nothing to look at in this plan; none where an application's name is computed."""
    there = set(subject.by_application)
    if any("$" in name for name in there):
        return frozenset()
    if subject.suppressions:
        there.add("(suppressions)")
    if subject.sounds is not None:
        there.add("(sounds)")
    there |= _in_folder_of(subject.plan.files[0] if subject.plan.files else "<")
    if any(one.timing for context in subject.plan.contexts.values() for one in context.includes):
        there.add("(hours)")
    return frozenset(code for code, names in SPEAKS_OF.items() if there.isdisjoint(names.split()))


def _in_folder_of(main: str) -> set[str]:
    """The names of the files in the folder of this one; all that a rule speaks of where it cannot be read."""
    try:
        return set() if main.startswith("<") else set(os.listdir(os.path.dirname(main) or "."))  # noqa: PTH120, PTH208 - start
    except OSError:
        return {name for names in SPEAKS_OF.values() for name in names.split() if name.endswith(".conf")}
