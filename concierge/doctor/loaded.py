"""Has Asterisk loaded the hooks that are in its files? Asked of its own command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from concierge import hooks
from concierge.doctor.finding import Finding, failed, ok, unknown
from concierge.errors import UserError
from concierge.installation.compose import OWN, STAMP
from concierge.installation.loaded import Console, first_step, stamp_in

_NAME = "loaded dialplan"
_RELOAD = "`concierge hooks install --reload`"


def check_loaded(etc: Path, console: Console) -> Iterator[Finding]:
    """Nothing where the hooks were not put in by `concierge hooks install`."""
    wanted = _stamp_in_file(etc / OWN["extensions"])
    if wanted is None:
        return
    try:
        yield _stamp(wanted, stamp_in(console))
        yield _features(etc, console)
        if hooks.FREEPBX_HOOKS[0] in (etc / OWN["extensions"]).read_text(encoding="utf-8"):
            yield from _freepbx(console)
    except UserError as error:
        yield unknown(_NAME, str(error), "run doctor as root or as Asterisk's user, or say --rx")


def _stamp_in_file(path: Path) -> str | None:
    try:
        found = re.search(rf"^{STAMP}=(\S+)", path.read_text(encoding="utf-8"), re.M)
    except OSError:
        return None
    return found[1] if found else None


def _stamp(wanted: str, loaded: str | None) -> Finding:
    if loaded is None:
        return failed(_NAME, "Asterisk has not loaded the hooks", _RELOAD)
    if loaded != wanted:
        return failed(_NAME, "Asterisk has older hooks loaded than the files hold", _RELOAD)
    return ok(_NAME, f"the hooks in the files ({wanted})")


def _features(etc: Path, console: Console) -> Finding:
    text = (etc / OWN["features"]).read_text(encoding="utf-8")
    names = re.findall(r"^(concierge-\S+) =>", text, re.M)
    shown = console.ask("features show")
    missing = [name for name in names if name not in shown]
    if missing:
        return failed("loaded features", f"Asterisk has not loaded {', '.join(missing)}", _RELOAD)
    return ok("loaded features", "the opt-out keys are loaded")


def _freepbx(console: Console) -> Iterator[Finding]:
    for name in hooks.FREEPBX_HOOKS:
        shown = console.ask(f"dialplan show {name}")
        if "concierge-freepbx" in shown and "Concierge:" in first_step(shown):
            yield ok(name, "asks before a trunk is dialled")
        else:
            yield failed(name, "another hook is loaded in its place, and nobody asks", _RELOAD)
