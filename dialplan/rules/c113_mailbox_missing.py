"""A mailbox that does not exist

What it finds
    VoiceMail or VoiceMailMain with a mailbox that the voicemail.conf beside the dialplan does not have, or a context
    of mailboxes that is not there. Not judged where realtime or users.conf may have more, with
    `searchcontexts` or `aliasescontext`, and where a file that voicemail.conf includes is missing.
Why it matters to a caller
    Asterisk logs "No entry in voicemail config file" and goes on without a word: nobody can leave a message.
Bad
    ; voicemail.conf:
    ;   [default]
    ;   8500 => 1234,Anna
    [from-trunk]
    exten => s,1,Dial(PJSIP/anna,20)
    same => n,VoiceMail(8600@default,u)   ; expect: C113
    same => n,Dial(PJSIP/operator,30)
Good
    ; voicemail.conf:
    ;   [default]
    ;   8500 => 1234,Anna
    [from-trunk]
    exten => s,1,Dial(PJSIP/anna,20)
    same => n,VoiceMail(8500@default,u)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    When the voicemail.conf beside the dialplan is not that of the machine that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dialplan.applications.arguments import is_literal
from dialplan.finding import Finding, Severity
from dialplan.neighbours.files import Neighbour, complete, neighbour
from dialplan.rules._beside import arguments
from dialplan.subject import Subject

CODE = "C113"
SEVERITY = Severity.WARNING
MISSION = "D1"
EFFECT = {"voicemail": "nobody can leave a message", "voicemailmain": "no password is right"}
NO_CONTEXTS = ("general", "zonemessages")


def check(subject: Subject) -> Iterator[Finding]:
    """Each mailbox at each step that names it."""
    names = [one for one in arguments(subject, EFFECT, 1) if "|" not in one[2]]
    boxes = _boxes(subject) if names else None
    for located, call, text in names if boxes is not None else ():
        for one in text.split("&"):
            said = _wrong(boxes or {}, one.strip())
            if said:
                what = EFFECT[call.application.lower()]
                yield Finding(CODE, SEVERITY, f"{call.application}: {said}: {what}", located.spot)


def _boxes(subject: Subject) -> Mapping[str, set[str]] | None:
    """The mailboxes by context; None when there may be more."""
    found = complete(subject, "voicemail.conf", "voicemail")
    if found is None or _more(subject, found):
        return None
    boxes: dict[str, set[str]] = {}
    for section in found.sections:
        if section.name.lower() not in NO_CONTEXTS:
            boxes.setdefault(section.name.lower(), set()).update(one.name for one in section.settings)
    return boxes


def _more(subject: Subject, found: Neighbour) -> bool:
    users = neighbour(subject, "users.conf")
    if users is not None and any(section.name.lower() != "general" for section in users.sections):
        return True
    return any(
        section.last(name) for section in found.named("general") for name in ("searchcontexts", "aliasescontext")
    )


def _wrong(boxes: Mapping[str, set[str]], name: str) -> str:
    """What is wrong with the mailbox, "" for nothing and for what is not known."""
    box, at, context = name.partition("@")
    context = context or "default"
    if not is_literal(context) or not box or (not at and not is_literal(box)):
        return ""
    if context.lower() not in boxes:
        return f"voicemail.conf has no context [{context}] of mailboxes"
    if is_literal(box) and box.lower() not in boxes[context.lower()]:
        meant = f" ([{box}] is a context: @{box}?)" if not at and box.lower() in boxes else ""
        return f"voicemail.conf has no mailbox {box} in [{context}]{meant}"
    return ""
