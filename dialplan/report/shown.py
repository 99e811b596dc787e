"""What the formats need beside the report: lines of the files, columns of characters, names that last."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from dialplan.finding import Finding, Severity, Way, WayStep, Witness
from dialplan.light import TYPE_CHECKING, dataclass, field, pattern, replace
from dialplan.lint import Report
from dialplan.plan.model import Place
from dialplan.plan.secrets import looks_secret
from dialplan.subject import Subject

if TYPE_CHECKING:
    from dialplan.graph.model import Graph

Lines = Mapping[tuple[str, int], str]

ASSIGNMENT = pattern(r"^\s*(?P<name>[^=\[;]*?)\s*=>?\s*(?P<value>.*)$")
INSIDE = pattern(r"(?P<name>[A-Za-z_]\w*)=(?P<value>[^,)\s;&]+)")
CREDENTIALS = pattern(r"\b(Authenticate|VMAuthenticate|DISA|MYSQL|VoiceMailMain)\s*\(\s*[^)]*\)?", 2)  # re.IGNORECASE
IN_ADDRESS = pattern(r"(?i)(\b(?:IAX2|PJSIP|SIPS?)[/:][^:/@&,()\s]+):[^@/&,()\s]+@")
"""`IAX2/user:secret@host`, `sip:user:secret@host`."""
DIRECTIVES = ("exten", "same", "include", "ignorepat", "switch", "eswitch", "lswitch")


@dataclass(frozen=True, slots=True)
class Shown:
    """`lines`: what stands at the places that are spoken of, without credentials. `fail_on`: the least that counts.

    `colour`: for a terminal that shows colours. `version`: of this program, "" when nobody has said. `graphs`: the
    plans as pictures, for formats that show them. `everything`: also what the GUI of a system writes by itself.
    `judged_for`: a version of Asterisk that was not named, and why it was taken.
    """

    lines: Lines = field(default_factory=dict)
    fail_on: Severity = Severity.INFO
    colour: bool = False
    version: str = ""
    graphs: tuple[Graph, ...] = ()
    everything: bool = False
    judged_for: str = ""

    def line(self, place: Place) -> str | None:
        """The line of the file, None when it is not known."""
        return self.lines.get((place.file, place.line))


def relative(file: str) -> str:
    """As tools of a repository name it: below the current folder, with slashes; else as it is."""
    inside = os.path.relpath(file) if file and not file.startswith("<") else file
    return file if inside.startswith("..") else inside.replace(os.sep, "/")


def add_sources(subject: Subject, report: Report, lines: dict[tuple[str, int], str]) -> Report:
    """Note the lines that findings and their witnesses stand on; the findings get their last column.

    Columns come out in characters, whatever the file's encoding is.
    """
    texts: dict[str, list[str]] = {}
    secrets = hidden(subject)
    for file, number in _wanted(report):
        if file not in texts:
            texts[file] = subject.texts.get(file, "").removeprefix("\ufeff").split("\n")
        if 0 < number <= len(texts[file]):
            lines[file, number] = texts[file][number - 1].rstrip("\r")
    found = tuple(_measured(finding, lines) for finding in report.findings)
    for key in _wanted(report):
        if key in lines:
            lines[key] = discreet(lines[key], secrets)
    return replace(report, findings=found)


def _wanted(report: Report) -> Iterator[tuple[str, int]]:
    seen: set[tuple[str, int]] = set()
    for finding in report.findings:
        places = (
            [finding.spot.place, *(step.place for step in finding.witness.steps)]
            if finding.witness
            else [finding.spot.place]
        )
        for place in places:
            if (place.file, place.line) not in seen:
                seen.add((place.file, place.line))
                yield place.file, place.line


def _measured(finding: Finding, lines: Lines) -> Finding:
    """Places count bytes as Asterisk reads them; an editor counts characters."""
    place = finding.spot.place
    line = lines.get((place.file, place.line))
    if line is None:
        return finding
    column, end = place.column, finding.end_column
    if not line.isascii():
        column = _characters(line, column)
        end = None if end is None else _characters(line, end)
    if end is None:
        end = end_of(line, column)
    spot = replace(finding.spot, place=place._replace(column=column))
    return replace(finding, spot=spot, end_column=end)


def _characters(line: str, column: int) -> int:
    """The column of the character that has this byte in UTF-8. A file in another encoding has a byte a character."""
    if "\ufffd" in line:
        return column
    return len(line.encode("utf-8")[: column - 1].decode("utf-8", "ignore")) + 1


def end_of(line: str, column: int) -> int | None:
    """One past the last column of what begins here: to the end of the line without its comment."""
    code = line
    at = code.find(";", column)
    while at > 0 and code[at - 1] == "\\":
        at = code.find(";", at + 1)
    code = (code if at < 0 else code[:at]).rstrip()
    return len(code) + 1 if len(code) >= column else None


def hidden(subject: Subject) -> list[str]:
    """Values of globals that look like credentials, the longest first."""
    plan = subject.plan
    found = {value for name, value in plan.globals.items() if looks_secret(name, value)} | set(plan.secrets)
    return sorted((value for value in found if len(value) > 2), key=len, reverse=True)


def discreet(line: str, secrets: Iterable[str] = ()) -> str:
    """The line without credentials: values of globals that look like one, and what is compared with a PIN."""
    for secret in secrets:
        line = line.replace(secret, "***")
    given = ASSIGNMENT.match(line)
    if given and given["name"].strip().lower() not in DIRECTIVES and looks_secret(given["name"], given["value"]):
        return line[: given.start("value")] + "***"
    line = CREDENTIALS.sub(lambda call: f"{call[1]}(***)", line)
    line = IN_ADDRESS.sub(lambda one: f"{one[1]}:***@", line)
    return INSIDE.sub(lambda one: f"{one['name']}=***" if looks_secret(one["name"], one["value"]) else one[0], line)


def with_keys(witness: Witness) -> list[tuple[WayStep, list[Way]]]:
    """Each step of a call with what came from outside while it ran."""
    made: list[tuple[WayStep, list[Way]]] = [(step, []) for step in witness.steps]
    at = 0
    for way in witness.ways:
        found = next((n for n in range(at, len(made)) if made[n][0].place == way.place), None)
        if found is None:
            continue
        made[found][1].append(way)
        at = found
    return made


def fingerprints(report: Report, shown: Shown) -> list[str]:
    """For each finding a name that stays when lines move: of its rule, file, place in the plan and what stands there.

    The same thing twice is told apart by its number.
    """
    import hashlib

    counts: dict[str, int] = {}
    made = []
    for finding in report.findings:
        spot = finding.spot
        text = " ".join((shown.line(spot.place) or finding.message).split())
        parts = (finding.code, relative(spot.place.file), spot.context, spot.exten, text)
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
        counts[digest] = counts.get(digest, 0) + 1
        made.append(digest if counts[digest] == 1 else f"{digest}-{counts[digest]}")
    return made


def word(way: Way) -> str:
    """What happens from outside, in few words: `1`, `(silence 10 s)`, `[Dial BUSY]`."""
    if way.kind == "silence":
        return f"(silence {way.seconds:g} s)"
    if way.kind in ("key", "wrong-key", "listen"):
        return way.value
    if way.application and way.value in ("true", "false"):
        return f"[{'if' if way.value == 'true' else 'if not'} {way.application}]"
    return f"[{way.application} {way.value}]" if way.application else f"[{way.kind} {way.value}]"


KEYS_SHOWN = 40
"""Of more, those in the middle are left out."""


def words(witness: Witness) -> str:
    """The whole call from outside."""
    said = [word(way) for way in witness.ways]
    left_out = len(said) - KEYS_SHOWN
    if left_out > 0:
        said[KEYS_SHOWN // 2 : -KEYS_SHOWN // 2] = [f"… {left_out} more …"]
    return " → ".join(said) or "does nothing"


GUESSED = ("it listens for keys", "nothing leads to")
"""Why a call was followed from a place that surely is none where calls come in."""


def come_in(report: Report, most: int) -> str:
    """Where calls were taken to come in, "" for nowhere: the contexts that are surely meant, else all."""
    reasons = [entry.partition(": ")[::2] for entry in report.entries]
    sure = [name for name, why in reasons if not why.startswith(GUESSED) and "led to only by" not in why]
    names = list(dict.fromkeys(sure or [name for name, _ in reasons]))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def plural(count: int, one: str, many: str = "") -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
