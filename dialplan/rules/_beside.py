"""What the rules about files beside the dialplan share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dialplan.applications.arguments import is_literal
from dialplan.applications.calls import Call
from dialplan.light import pattern
from dialplan.neighbours.files import Neighbour, complete
from dialplan.subject import Located, Subject

PLAIN = pattern(r"[a-zA-Z0-9*#+][\w*#+-]*")


def written(located: Located, text: str) -> str:
    """The text with the number that is dialled where only one can be; the text may still hold other variables."""
    dialled = located.extension.pattern
    if "${EXTEN}" in text and PLAIN.fullmatch(dialled):
        text = text.replace("${EXTEN}", dialled)
    return text


def arguments(subject: Subject, names: Iterable[str], number: int) -> Iterator[tuple[Located, Call, str]]:
    """That argument of each of these applications, where there is one, as `written`."""
    for name in names:
        for located, call in subject.by_application.get(name, ()):
            text = written(located, call.argument(number))
            if text:
                yield located, call, text


def assigned(subject: Subject, wanted: str) -> Iterator[tuple[Located, str]]:
    """Every value that Set or MSet gives `wanted`, inherited (`_`, `__`) or not; only what is not computed."""
    for name in ("set", "mset"):
        for located, call in subject.by_application.get(name, ()):
            if wanted not in call.data:
                continue
            for one in call.data.split(",") if name == "mset" else [call.data]:
                variable, equals, value = one.partition("=")
                if equals and variable.strip().lstrip("_") == wanted and is_literal(value):
                    yield located, value.strip().strip('"')


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or ""."""
    import difflib  # slow to load, and seldom needed

    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"; did you mean {found[0]}?" if found else ""


def sections(found: Neighbour) -> Iterable[str]:
    """What most of these files define: their sections but [general]."""
    return (one.name for one in found.sections if one.name.lower() != "general")


def unknown(
    subject: Subject,
    named: Iterable[tuple[Located, str]],
    file: str,
    family: str,
    defined: Callable[[Neighbour], Iterable[str]] = sections,
) -> Iterator[tuple[Located, str, str]]:
    """Names that the file surely does not define, in any case of letters; each with what `near` says.

    `family`: the table of realtime that may have more. Computed names are left out.
    """
    names = [(located, name) for located, name in named if name and is_literal(name) and "|" not in name]
    found = complete(subject, file, family) if names else None
    if found is None:
        return
    there = set(defined(found))
    lower = {name.lower() for name in there}
    for located, name in names:
        if name.lower() not in lower:
            yield located, name, near(name, there)


def again(places: int) -> str:
    """How often, for what is said once."""
    return "here" if places == 1 else f"here and in {places - 1} more"
