"""An option that the application does not have

What it finds
    A letter in the options of an application (Dial, Queue, Background, VoiceMail, Read and the like) that
    the chosen version (`--asterisk`) does not know. Options that hold a variable are not judged. The options of
    Playback are words: `Playback(hello,thanks)` plays `hello` only (measured).
Why it matters to a caller
    Asterisk ignores the letter without a word. What was wanted does not happen: the music instead of
    ringing, the key that leads out of the queue, the greeting of the mailbox.
Bad
    [from-trunk]
    exten => s,1,Answer()
    same => n,Read(CHOICE,welcome,1,q)   ; expect: C106
    same => n,Dial(PJSIP/operator,30)
Good
    [from-trunk]
    exten => s,1,Answer()
    same => n,Read(CHOICE,welcome,1,s)
    same => n,Dial(PJSIP/operator,30)
When to switch it off
    For a patched Asterisk. Better: give its documentation with `--docs-xml FILE`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.arguments import is_literal, options, split
from dialplan.applications.tables import Application
from dialplan.finding import Finding, Severity
from dialplan.subject import Subject

CODE = "C106"
SEVERITY = Severity.WARNING
MISSION = "D1"

WORDS = frozenset({"playback", "zapateller", "minivmnotify"})  # options are words there, not letters
OF_PLAYBACK = ("skip", "say", "mix", "noanswer")
# Letters that the sources take and the documentation leaves out (AST_APP_OPTION in apps/ and res/).
UNDOCUMENTED = {
    "directory": "v",
    "jack": "n",
    "mixmonitor": "S",
    "queue": "Ww",
    "receivefax": "ac",
    "sendfax": "ac",
    "receivemf": "p",
    "sendmf": "p",
    "tonescan": "abceghnprtx",
    "waitfortone": "abceghnprtx",
}


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each application with such letters."""
    for located, call in subject.by_application.get("playback", ()):
        text = ",".join(split(call.data)[1:]).strip(", ")
        if text and is_literal(text) and "|" not in call.data and not any(word in text.lower() for word in OF_PLAYBACK):
            message = f"Playback has no option {text}: Asterisk ignores it (prompts are joined by &)"
            yield Finding(CODE, SEVERITY, message, located.spot)
    for name, uses in subject.by_application.items():
        application = subject.table.find(name)
        place = _place(application) if application and name not in WORDS else None
        if application is None or place is None:
            continue
        number, letters = place
        for located, call in uses:
            text = call.argument(number) if call.data.count(",") >= number - 1 else ""
            if not text or not is_literal(text) or "|" in call.data:
                continue
            unknown = [letter for letter in options(text) if letter not in letters and letter.strip()]
            if unknown:
                message = f"{application.name} has no option {', '.join(unknown)}: Asterisk ignores it"
                yield Finding(CODE, SEVERITY, message, located.spot)


def _place(application: Application) -> tuple[int, frozenset[str]] | None:
    """The number of the argument that holds the options, and the letters there are."""
    for number, parameter in enumerate(application.parameters, 1):
        if parameter.options:
            letters = {name[0] for name in parameter.options}
            return number, frozenset(letters | set(UNDOCUMENTED.get(application.name.lower(), "")))
    return None
