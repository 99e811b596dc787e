"""Asterisk's configuration files, when they can be read from here: events, features, contexts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ami.events import VARIABLES
from concierge import hooks
from concierge.doctor.finding import Finding, failed, ok, unknown, warning
from concierge.settings import Settings
from dialplan.plan import UnreadableError, load
from dialplan.plan.model import Plan
from dialplan.source.files import Files
from dialplan.source.reader import Reader

_CLASSES = ("call", "dtmf", "user")
_CONTEXTS = (
    *("concierge-outbound", "concierge-mark", "concierge-optout", "concierge-menu", "concierge-operator"),
    *("concierge-list", "concierge-agent", "concierge-codes", "concierge-dnc-line"),
)

Sections = Mapping[str, Mapping[str, str]]


def check_files(settings: Settings, etc: Path) -> Iterator[Finding]:
    """What `concierge hooks show` prints should have got into these files."""
    yield from _manager(settings, etc / "manager.conf")
    yield _features(settings, etc / "features.conf")
    yield _extensions(settings, etc / "extensions.conf")


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


def is_true(value: str) -> bool:
    """As Asterisk's ast_true (main/utils.c) reads a setting."""
    return value.strip().lower() in ("yes", "true", "on", "1", "y", "t")


def unreadable(name: str, path: Path) -> Finding:
    """Why a file of Asterisk's cannot be looked at, and what to do about just that."""
    try:
        path.read_bytes()
        why: OSError | None = None
    except OSError as error:
        why = error
    if isinstance(why, PermissionError):
        who = "as root, or as a user of the group that owns it"
        return unknown(name, f"{path}: this user may not read it", f"run doctor {who}")
    if not path.parent.is_dir():
        return unknown(name, f"there is no folder {path.parent}", "name Asterisk's folder with --etc FOLDER")
    if isinstance(why, FileNotFoundError):
        return unknown(name, f"{path} is not there", "if that is not Asterisk's folder, name it with --etc FOLDER")
    said = why.strerror if why is not None else "it cannot be read as text"
    return unknown(name, f"{path}: {said}", "look at the file, or name another folder with --etc FOLDER")


def _manager(settings: Settings, path: Path) -> Iterator[Finding]:
    name, remedy = "manager.conf", "compare with `concierge hooks show --part manager`"
    sections = read_sections(path)
    if sections is None:
        yield unreadable(name, path)
        return
    user = sections.get(settings.ami.user)
    if user is None:
        yield failed(name, f"{path} has no user [{settings.ami.user}] after its [general]", remedy)
        return
    if not is_true(sections.get("general", {}).get("enabled", "no")):
        yield failed(
            "manager enabled",
            f"{path}: [general] has no enabled=yes, so Asterisk's manager listens to nobody",
            "set enabled=yes and bindaddr=127.0.0.1 in [general], then `asterisk -rx 'manager reload'`",
        )
    classes = {word.strip() for word in user.get("read", "").split(",")}
    missing = [word for word in _CLASSES if word not in classes and "all" not in classes]
    if missing:
        yield failed("event classes", f"read= lacks {', '.join(missing)}", remedy)
    else:
        yield ok("event classes", "call, dtmf and user are read")
    stamped = sections.get("general", {}).get("timestampevents", "no")
    if not is_true(stamped):
        yield failed(
            "timestampevents", "is off: key presses are known by when they were read, and gaps are longer", remedy
        )
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
        return unreadable(name, path)
    mapped = sections.get("applicationmap", {})
    wanted = [*hooks.feature_names(settings), *([hooks.PARTY] if settings.codes.party else [])]
    missing = [key for key in wanted if key not in mapped]
    if missing:
        return failed(
            name,
            f"[applicationmap] lacks {', '.join(missing)}",
            "add what `concierge hooks show --part features` prints",
        )
    return ok(name, "the opt-out keys are mapped")


def _extensions(settings: Settings, path: Path) -> Finding:
    name = "dialplan"
    try:
        plan = load(path)
    except UnreadableError:
        return unreadable(name, path)
    missing = [context for context in _CONTEXTS if context not in plan.contexts]
    if not plan.loads:
        return failed(name, f"Asterisk refuses {path} as it is", f"`concierge lint {path}` says why")
    if missing:
        return failed(
            name, f"no [{'], ['.join(missing)}]", "include what `concierge hooks show --part extensions` prints"
        )
    return _globals(settings, plan) or _use(plan) or ok(name, "the contexts of Concierge are there and used")


def _globals(settings: Settings, plan: Plan) -> Finding | None:
    wanted = hooks.global_values(settings)
    stale = [name for name, value in wanted.items() if plan.globals.get(name) != value]
    if not stale:
        return None
    return failed(
        "dialplan",
        f"[globals] has another {', '.join(stale)} than the settings",
        "`concierge hooks install --reload`, or include what `concierge hooks show --part extensions` prints now",
    )


def _use(plan: Plan) -> Finding | None:
    data = " ".join(
        step.data
        for context in plan.contexts.values()
        if not context.name.startswith("concierge-")
        for extension in context.extensions
        for step in extension.steps.values()
    )
    if not any(name in data for name in ("concierge-outbound", "concierge-leg", "concierge-freepbx")):
        return failed(
            "dialplan", "no context asks before it dials", "Gosub(concierge-outbound,…) before each Dial to a trunk"
        )
    if not any(name in data for name in ("concierge-mark", "concierge-leg", "concierge-freepbx")):
        return warning("dialplan", "no called leg is marked, so no key press is heard", "Dial(…,b(concierge-mark^s^1))")
    return None


def data_folder(etc: Path) -> Path:
    """Where Asterisk keeps its sounds."""
    sections = read_sections(etc / "asterisk.conf") or {}
    return Path(sections.get("directories", {}).get("astdatadir", "/var/lib/asterisk"))
