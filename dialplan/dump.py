"""A plan as plain data: the canonical form that `concierge dump` prints."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from dialplan.light import Any, Final
from dialplan.plan.model import Context, Extension, Hint, Place, Plan, Step
from dialplan.plan.secrets import looks_secret

HIDDEN: Final = "***"


def as_data(plan: Plan, *, values: bool = False, secrets: bool = False) -> dict[str, Any]:
    """JSON-ready. Globals are null without `values`; what looks like a credential is hidden without
    `secrets`.

    Contexts by name, extensions in Asterisk's matching order, `file` as Asterisk names it (no folders);
    `files` are
    the paths that were read.
    """
    hide = _hider(plan, secrets=secrets)
    return {
        "contexts": [_context(plan.contexts[name], hide) for name in sorted(plan.contexts)],
        "globals": _globals(plan, values=values, secrets=secrets),
        "diagnostics": [
            {
                "severity": d.severity,
                "file": _file(d.place),
                "line": d.place.line,
                "code": d.code,
                "message": hide(d.message),
            }
            for d in plan.diagnostics
        ],
        "loads": plan.loads,
        "options": {
            "autofallthrough": plan.options.autofallthrough,
            "extenpatternmatchnew": plan.options.extenpatternmatchnew,
        },
        "files": list(plan.files),
        "not_covered": [hide(what) for what in plan.not_covered],
    }


def _hider(plan: Plan, *, secrets: bool) -> Callable[[str], str]:
    """Blots out the credentials that were substituted into names; most plans have none."""
    hidden = [] if secrets else sorted(plan.secrets, key=len, reverse=True)

    def hide(text: str) -> str:
        for value in hidden:
            text = text.replace(value, HIDDEN)
        return text

    return hide if hidden else str


def _globals(plan: Plan, *, values: bool, secrets: bool) -> dict[str, str | None]:
    shown: dict[str, str | None] = {}
    for name in sorted(plan.globals):
        value = plan.globals[name]
        shown[name] = (HIDDEN if looks_secret(name, value) and not secrets else value) if values else None
    return shown


def _context(context: Context, hide: Callable[[str], str]) -> dict[str, Any]:
    return {
        "name": context.name,
        "file": _file(context.place),
        "line": context.place.line,
        "extensions": [_extension(extension, hide) for extension in context.extensions],
        "hints": [_hint(hint, hide) for hint in context.hints],
        "includes": [{"context": hide(i.context), "timing": i.timing} for i in context.includes],
        "ignorepats": [hide(i.pattern) for i in context.ignorepats],
        "switches": [{"kind": s.kind, "name": hide(s.name), "data": hide(s.data)} for s in context.switches],
    }


def _extension(extension: Extension, hide: Callable[[str], str]) -> dict[str, Any]:
    return {
        "pattern": hide(extension.pattern),
        "cid": None if extension.cid is None else hide(extension.cid),
        "priorities": [_step(step) for step in extension.steps.values()],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "priority": step.priority,
        "label": step.label,
        "application": step.application,
        "data": step.data,
        "file": _file(step.place),
        "line": step.place.line,
    }


def _hint(hint: Hint, hide: Callable[[str], str]) -> dict[str, Any]:
    return {
        "exten": hide(hint.exten),
        "data": hide(hint.data),
        "cid": hint.cid,
        "label": hint.label,
        "arguments": hint.arguments,
        "file": _file(hint.place),
        "line": hint.place.line,
    }


def _file(place: Place) -> str:
    return posixpath.basename(place.alias or place.file)


def as_text(data: dict[str, Any]) -> Iterator[str]:
    """The same for people: written as extensions.conf, in the order in which Asterisk tries it, with
    places.
    """
    for found in data["diagnostics"]:
        yield f"; {found['file']}:{found['line']}: {found['severity']}: {found['message']} ({found['code']})"
    yield from (f"; not covered: {what}" for what in data["not_covered"])
    if not data["loads"]:
        yield "; Asterisk refuses this dialplan as a whole."
    if data["globals"]:
        yield "[globals]"
        yield from (name if value is None else f"{name} = {value}" for name, value in data["globals"].items())
    for context in data["contexts"]:
        yield ""
        yield from _context_text(context)


def _context_text(context: dict[str, Any]) -> Iterator[str]:
    yield f"[{context['name']}]  ; {context['file']}:{context['line']}"
    for hint in context["hints"]:
        number = _number(hint["exten"], hint["cid"])
        yield f"exten => {number},hint,{hint['data']}{_arguments(hint['arguments'])}"
    for extension in context["extensions"]:
        number = _number(extension["pattern"], extension["cid"])
        for step in extension["priorities"]:
            label = f"({step['label']})" if step["label"] else ""
            call = f"{step['application']}({step['data']})"
            yield f"exten => {number},{step['priority']}{label},{call}  ; {step['file']}:{step['line']}"
    for switch in context["switches"]:
        yield f"{switch['kind']} => {switch['name']}/{switch['data']}"
    for include in context["includes"]:
        yield f"include => {include['context']}" + (f",{include['timing']}" if include["timing"] else "")
    yield from (f"ignorepat => {pattern}" for pattern in context["ignorepats"])


def _number(pattern: str, cid: str | None) -> str:
    return pattern if cid is None else f"{pattern}/{cid}"


def _arguments(text: str) -> str:
    return f"({text})" if text else ""
