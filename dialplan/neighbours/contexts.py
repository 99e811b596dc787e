"""Contexts that files beside the dialplan name: where calls come in from, and where keys lead."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal
from dialplan.light import NamedTuple, replace
from dialplan.neighbours import dahdi
from dialplan.neighbours.devices import DRIVERS, devices
from dialplan.neighbours.files import Section, Setting, neighbour
from dialplan.subject import Subject

DEVICE = "calls from {0} come in at {1}, which does not exist: they are refused"
LINE = "calls on channel {0} come in at {1}, which does not exist: they are refused"
QUEUE = "who presses a key in the queue {0} goes to {1}, which does not exist: no key leads out"
OF_MAILBOXES = {
    "exitcontext": "0 and * lead from {0} to {1}, which does not exist: they do nothing",
    "dialout": "calls out of {0} go to {1}, which does not exist: none is made",
    "callback": "calls back from {0} go to {1}, which does not exist: none is made",
}
NO_MAILBOXES = ("general", "zonemessages")
OPTIONS = 4
"""So many commas of a mailbox are in front of its options."""


class Named(NamedTuple):
    """A context that a setting names. `text`: what it means when {1} is missing, {0} for `name`; `driver`: or ""."""

    text: str
    name: str
    setting: Setting
    driver: str = ""

    @property
    def context(self) -> str:
        """Its name."""
        return self.setting.value


def named(subject: Subject) -> Iterator[Named]:
    """All of them; of queues and mailboxes only where the dialplan leads there."""
    for technology, driver in DRIVERS.items():
        if technology != "DAHDI":
            yield from _of_devices(subject, technology, driver.file)
    found = neighbour(subject, dahdi.FILE)
    for line in dahdi.lines(found) if found else ():
        if line.context is not None:
            yield Named(LINE, line.named, line.context, "DAHDI")
    yield from keys_of_queues(subject)
    yield from _of_mailboxes(subject)


def _of_devices(subject: Subject, technology: str, file: str) -> Iterator[Named]:
    found = neighbour(subject, file)
    for device in devices(file, found) if found else ():
        for setting in [one for one in device.settings if one.name == "context" and one.value][-1:]:
            yield Named(DEVICE, f"[{device.name}]", setting, technology)


def keys_of_queues(subject: Subject) -> Iterator[Named]:
    """Where the keys of those lead who wait in a queue that the dialplan names, or may name."""
    used = {call.argument(1).lower() for _, call in subject.by_application.get("queue", ())}
    any_of_them = not all(map(is_literal, used))
    found = neighbour(subject, "queues.conf") if used else None
    for section in found.sections if found else ():
        if not any_of_them and section.name.lower() not in used:
            continue
        for setting in [one for one in section.settings if one.name == "context"][-1:]:
            if section.name.lower() != "general" and setting.value:
                yield Named(QUEUE, section.name, setting)


def _of_mailboxes(subject: Subject) -> Iterator[Named]:
    used = not subject.by_application.keys().isdisjoint(("voicemail", "voicemailmain"))
    found = neighbour(subject, "voicemail.conf") if used else None
    for section in found.sections if found else ():
        if section.name.lower() == "general":
            for one in section.settings:
                if one.name in OF_MAILBOXES and one.value:
                    yield Named(OF_MAILBOXES[one.name], "the mailboxes", one)
        elif section.name.lower() not in NO_MAILBOXES:
            yield from _of_boxes(section)


def _of_boxes(section: Section) -> Iterator[Named]:
    for box in section.settings:
        for option in "".join(box.value.split(",", OPTIONS)[OPTIONS:]).split("|"):
            name, equals, value = option.partition("=")
            if equals and value.strip() and name.strip().lower() in OF_MAILBOXES:
                where = f"the mailbox {box.name}@{section.name}"
                yield Named(OF_MAILBOXES[name.strip().lower()], where, replace(box, value=value.strip()))
