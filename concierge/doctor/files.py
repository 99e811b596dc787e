"""Asterisk's configuration files, when they can be read from here: events, features, contexts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ami.events import VARIABLES
from concierge import hooks
from concierge.doctor.finding import Finding, failed, ok, unknown
from concierge.settings import Settings
from dialplan.plan import UnreadableError, load
from dialplan.source.files import Files
from dialplan.source.reader import Reader

_CLASSES = ("call", "dtmf", "user")
_CONTEXTS = ("concierge-outbound", "concierge-mark", "concierge-optout", "concierge-menu", "concierge-operator")

Sections = Mapping[str, Mapping[str, str]]


def check_files(settings: Settings, etc: Path) -> Iterator[Finding]:
    """What `concierge hooks show` prints should have got into these files."""
    yield from _manager(settings, etc / "manager.conf")
    yield _features(settings, etc / "features.conf")
    yield _extensions(etc / "extensions.conf")


def read_sections(path: Path) -> Sections | None:
    """Section -> name -> last value, as Asterisk reads the file; None when it cannot be read."""
    try:
        path.read_bytes()
    except OSError:
        return None
    reader = Reader(Files(path.parent))
    reader.read(str(path))
    found: dict[str, dict[str, str]] = {}
    for section in reader.sections.all:
        found.setdefault(section.name, {}).update((line.name, line.value) for line in section.all_lines())
    return found


def _manager(settings: Settings, path: Path) -> Iterator[Finding]:
    name, remedy = "manager.conf", "compare with `concierge hooks show --part manager`"
    sections = read_sections(path)
    if sections is None:
        yield unknown(name, f"{path} cannot be read from here", "name the folder with --etc, or run as root")
        return
    user = sections.get(settings.ami.user)
    if user is None:
        yield failed(name, f"{path} has no user [{settings.ami.user}]", remedy)
        return
    classes = {word.strip() for word in user.get("read", "").split(",")}
    missing = [word for word in _CLASSES if word not in classes and "all" not in classes]
    if missing:
        yield failed("event classes", f"read= lacks {', '.join(missing)}", remedy)
    else:
        yield ok("event classes", "call, dtmf and user are read")
    variables = {word.strip() for word in sections.get("general", {}).get("channelvars", "").split(",")}
    lacking = [word for word in VARIABLES if word not in variables]
    if lacking:
        yield failed("channelvars", f"lacks {', '.join(lacking)}", remedy)
    else:
        yield ok("channelvars", "the call's campaign, number and leg are told")


def _features(settings: Settings, path: Path) -> Finding:
    name = "features.conf"
    sections = read_sections(path)
    if sections is None:
        return unknown(name, f"{path} cannot be read from here", "name the folder with --etc, or run as root")
    mapped = sections.get("applicationmap", {})
    missing = [key for key in hooks.feature_names(settings) if key not in mapped]
    if missing:
        return failed(
            name,
            f"[applicationmap] lacks {', '.join(missing)}",
            "add what `concierge hooks show --part features` prints",
        )
    return ok(name, "the opt-out keys are mapped")


def _extensions(path: Path) -> Finding:
    name = "dialplan"
    try:
        plan = load(path)
    except UnreadableError as error:
        return unknown(name, str(error), "name the folder with --etc, or run as root")
    missing = [context for context in _CONTEXTS if context not in plan.contexts]
    if not plan.loads:
        return failed(name, f"Asterisk refuses {path} as it is", f"`concierge lint {path}` says why")
    if missing:
        return failed(
            name, f"no [{'], ['.join(missing)}]", "include what `concierge hooks show --part extensions` prints"
        )
    return ok(name, "the contexts of Concierge are there")
