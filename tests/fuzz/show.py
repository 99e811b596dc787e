"""A plan written as the CLI's `dialplan show` writes it, to be compared with the real one byte by byte."""

from __future__ import annotations

import posixpath

from dialplan.plan.model import Context, Extension, Hint, Place, Plan, Step

_BUFFER = 1023


def blocks(plan: Plan) -> dict[str, list[str]]:
    """The lines of each context, by its header line; text holds one character a byte."""
    return {f"[ Context '{raw(name)}' created by 'pbx_config' ]": _lines(c) for name, c in plan.contexts.items()}


def shown(output: list[str]) -> dict[str, list[str]]:
    """The same from what `dialplan show` printed; contexts of other modules are left out."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output:
        if line.startswith("[ Context '"):
            lines = found[line] = []
        elif line and not line.startswith("-= "):
            lines.append(line)
    return {header: lines for header, lines in found.items() if header.endswith("by 'pbx_config' ]")}


def listed(plan: Plan) -> list[tuple[str, str, str, str, str, str]]:
    """(context, extension, label, priority, application, data) as AMI's ShowDialPlan gives them, sorted."""
    return sorted(
        (
            raw(context.name),
            raw(e.pattern),
            raw(s.label or ""),
            str(s.priority),
            raw(s.application),
            raw(s.data),
        )
        for context in plan.contexts.values()
        for e in context.extensions
        for s in e.steps.values()
    )


def raw(text: str) -> str:
    """Back to one character a byte."""
    return text if text.isascii() else text.encode().decode("latin-1")


def place_name(place: Place) -> str:
    return raw(posixpath.basename(place.alias or place.file))


def _lines(context: Context) -> list[str]:
    lines = ["Autohints support enabled"] if context.autohints else []
    for extension in context.extensions:
        lines += _extension(extension)
    for include in context.includes:
        lines.append(_line("  Include =>        ", raw(include.written)))
    lines += [_line("  Ignore pattern => ", raw(i.pattern)) for i in context.ignorepats]
    lines += [_line("  Alt. Switch =>    ", f"{raw(s.name)}/{raw(s.data)}") for s in context.switches]
    return lines


def _line(what: str, name: str) -> str:
    quoted = f"'{name}'"[:_BUFFER]
    return f"{what}{quoted:<45} [pbx_config]"


def _extension(extension: Extension) -> list[str]:
    head = f"'{raw(extension.pattern)}' =>"
    if extension.cid is not None:
        head = f"'{raw(extension.pattern)}' (CID match '{raw(extension.cid)}') => "
    entries: list[tuple[int, Step | Hint]] = list(extension.steps.items())
    if extension.hint:
        entries.append((-1, extension.hint))
    lines = []
    for _, entry in sorted(entries, key=lambda entry: entry[0]):
        lines.append(
            f"  {head[:_BUFFER]:<17} {_call(entry)[:_BUFFER]:<45} [{place_name(entry.place)}:{entry.place.line}]"
        )
        head = ""
    for at, (_, entry) in enumerate(sorted(entries, key=lambda entry: entry[0])):
        if at and entry.label:
            label = f"   [{raw(entry.label)}]"
            lines[at] = f"  {label:<17}" + lines[at][19:]
    return lines


def _call(entry: Step | Hint) -> str:
    if isinstance(entry, Hint):
        return f"hint: {raw(entry.data)}"
    return f"{entry.priority}. {raw(entry.application)}({raw(entry.data)})"
