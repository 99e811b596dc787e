"""Answers about one place of a file. Lines count from 1, characters from 0."""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.applications.tables import Application, Parameter
from dialplan.editor.project import Analysis
from dialplan.light import NamedTuple, pattern
from dialplan.plan.model import Context, Place
from dialplan.resolve import resolve
from dialplan.subject import Located, Subject

WORD = pattern(r"[\w*#+!.\-]+")
HEADER = pattern(r"\s*\[([^\]]*)\]")
INCLUDE = pattern(r"(?i)\s*include\s*=>?\s*([^,|;]*)")
BEFORE_APPLICATION = pattern(r"(?i)\s*(?:same\s*=>?\s*[^,]*,|exten\s*=>?\s*[^,]*,[^,]*,)\s*(\w*)$")
INSIDE = pattern(r"(\w+)\(([^()]*)$")
FUNCTION = pattern(r"\$\{(\w*)$")
JUMPS = frozenset({"goto", "gotoif", "gotoiftime", "gosub", "gosubif", "execif"})
SHOWN = 8


class Offer(NamedTuple):
    """What may be written. `kind`: application, function, context, extension, label or option."""

    text: str
    kind: str
    detail: str = ""


def hover(analysis: Analysis, line: int, character: int) -> str:
    """Markdown about what stands there, "" for nothing."""
    subject = analysis.subject
    text = _line(analysis, line)
    context = _context_named(analysis, text, character)
    if context is not None:
        return _about_context(subject, context)
    for located in _steps(analysis, line):
        application = subject.table.find(located.step.application)
        start = located.step.place.column - 1
        if start <= character <= start + len(located.step.application):
            return _about_application(located.step.application, application, subject.table.version)
        places = _targets(subject, located)
        if places:
            return "\n\n".join(_about_place(subject, place) for place in places[:SHOWN])
    word = _word(text, character)
    if word in subject.table.functions:
        return f"`{word}`: a function of Asterisk {subject.table.version}"
    return ""


def definitions(analysis: Analysis, line: int, character: int) -> list[Place]:
    """Where the context, extension or label stands that is named there."""
    context = _context_named(analysis, _line(analysis, line), character)
    if context is not None:
        return [context.place]
    found: list[Place] = []
    for located in _steps(analysis, line):
        found += [place for place in _targets(analysis.subject, located) if place not in found]
    return found


def references(analysis: Analysis, line: int, character: int) -> list[Place]:
    """Every line that leads there: to the context, else to the step that stands on this line."""
    subject = analysis.subject
    context = _context_named(analysis, _line(analysis, line), character)
    if context is not None:
        return sorted({*_includes(subject, context.name), *_jumps_into(subject, context.name)})
    wanted = {located.step.place for located in _steps(analysis, line)}
    return sorted({one.step.place for one in subject.steps() if wanted.intersection(_targets(subject, one))})


def complete(analysis: Analysis, line: int, character: int) -> list[Offer]:
    """What may stand where the cursor is."""
    subject = analysis.subject
    before = _line(analysis, line)[:character]
    if FUNCTION.search(before):
        return [Offer(name, "function") for name in sorted(subject.table.functions)]
    if INCLUDE.match(before):
        return [Offer(name, "context") for name in sorted(subject.plan.contexts)]
    if BEFORE_APPLICATION.match(before):
        applications = map(subject.table.applications.__getitem__, subject.table.applications)
        return [Offer(one.name, "application", _signature(one)) for one in applications]
    inside = INSIDE.search(before)
    if inside is None:
        return []
    if inside[1].lower() in JUMPS:
        return list(_jump_offers(analysis, line, inside[2]))
    return _option_offers(subject, inside[1], inside[2])


def _line(analysis: Analysis, line: int) -> str:
    lines = analysis.lines(analysis.file)
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _word(text: str, character: int) -> str:
    return next((one[0] for one in WORD.finditer(text) if one.start() <= character <= one.end()), "")


def _steps(analysis: Analysis, line: int) -> list[Located]:
    return [one for one in analysis.subject.steps() if one.step.place[:2] == (analysis.file, line)]


def _context_named(analysis: Analysis, text: str, character: int) -> Context | None:
    """The context of a header or an include."""
    for found in (HEADER.match(text), INCLUDE.match(text)):
        if found and found.start(1) <= character <= found.end(1):
            return analysis.subject.plan.contexts.get(found[1].strip())
    return None


def _targets(subject: Subject, located: Located) -> list[Place]:
    """The places of the steps that its jumps lead to; of a context alone its head."""
    found: list[Place] = []
    for _, target in located.targets:
        resolved = resolve(subject, located, target)
        if resolved.context not in subject.plan.contexts:
            continue
        number = target.number
        for extension in subject.places.matching(resolved.context, resolved.exten):
            if number is None:
                step = extension.labelled(resolved.target.label)
            else:
                step = extension.steps.get(located.step.priority + number if target.relative else number)
            if step is not None and step.place not in found:
                found.append(step.place)
    return found


def _jumps_into(subject: Subject, context: str) -> Iterator[Place]:
    for located in subject.steps():
        if located.context.name != context and any(target.context == context for _, target in located.targets):
            yield located.step.place


def _includes(subject: Subject, context: str) -> Iterator[Place]:
    for one in subject.plan.contexts.values():
        yield from (include.place for include in one.includes if include.context == context)


def _about_context(subject: Subject, context: Context) -> str:
    names = [extension.pattern for extension in context.extensions if extension.steps]
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    lines = [f"**[{context.name}]** {len(names)} extensions: {', '.join(f'`{one}`' for one in names[:SHOWN])}{rest}"]
    if context.includes:
        lines.append(f"includes {', '.join(f'[{one.context}]' for one in context.includes)}")
    into = len(set(_jumps_into(subject, context.name)))
    lines.append(f"{into} jumps lead here, {len(set(_includes(subject, context.name)))} contexts include it")
    return "\n\n".join(lines)


def _about_application(name: str, application: Application | None, version: str) -> str:
    if application is None:
        return f"`{name}`: Asterisk {version} does not have it"
    lines = [f"`{application.name}({_signature(application)})` of Asterisk {version}"]
    options = sorted({option for parameter in application.parameters for option in parameter.options})
    if options:
        lines.append(f"options: {' '.join(f'`{option}`' for option in options)}")
    lines += [f"sets `{variable}`: {', '.join(values)}" for variable, values in application.status.items()]
    return "\n\n".join(lines)


def _signature(application: Application) -> str:
    return application.separator.join(_shown(parameter) for parameter in application.parameters)


def _shown(parameter: Parameter) -> str:
    name = parameter.name + ("…" if parameter.multiple else "")
    return name if parameter.required else f"[{name}]"


def _about_place(subject: Subject, place: Place) -> str:
    for located in subject.steps():
        if located.step.place == place:
            spot = located.spot
            steps = [one for one in located.extension.steps.values() if one.priority >= located.step.priority]
            shown = "\n".join(f"{step.priority} {step.application}" for step in steps[:SHOWN])
            where = f"{place.file.rpartition('/')[2]}:{place.line}"
            return f"→ **{spot.context},{spot.exten},{spot.priority}** ({where})\n```\n{shown}\n```"
    return ""


def _jump_offers(analysis: Analysis, line: int, inside: str) -> Iterator[Offer]:
    """First a context or a label of this extension, then extensions of that context, then their labels."""
    contexts = analysis.subject.plan.contexts
    parts = inside.replace("?", ":").rpartition(":")[2].split(",")
    if len(parts) == 1:
        yield from (Offer(name, "context") for name in sorted(contexts))
        for located in _around(analysis, line):
            yield from (Offer(label, "label") for label in located.extension.labels)
    context = contexts.get(parts[0].strip())
    if context is None:
        return
    if len(parts) == 2:
        yield from (Offer(name, "extension") for name in dict.fromkeys(one.pattern for one in context.extensions))
    if len(parts) == 3:
        labels = [label for one in context.extensions if one.pattern == parts[1].strip() for label in one.labels]
        yield from (Offer(label, "label") for label in ("1", *labels))


def _around(analysis: Analysis, line: int) -> list[Located]:
    """The nearest step above: while a line is typed it is no step yet."""
    above = [
        one for one in analysis.subject.steps() if one.step.place.file == analysis.file and one.step.place.line <= line
    ]
    return [max(above, key=lambda one: one.step.place.line)] if above else []


def _option_offers(subject: Subject, name: str, inside: str) -> list[Offer]:
    application = subject.table.find(name)
    position = inside.count(",")
    if application is None or position >= len(application.parameters):
        return []
    options = application.parameters[position].options
    return [Offer(option, "option", ", ".join(one.name for one in options[option])) for option in sorted(options)]
