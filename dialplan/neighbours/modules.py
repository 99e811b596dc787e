"""Which modules modules.conf loads (main/loader.c loader_config_init), and what each brings."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from dialplan.light import dataclass
from dialplan.neighbours.files import neighbour
from dialplan.plan.directives import is_true
from dialplan.subject import Subject

DATA = Path(__file__).parent / "modules.json"
LOADS = ("load", "preload", "require", "preload-require")
DRIVERS = {
    "PJSIP": "chan_pjsip",
    "SIP": "chan_sip",
    "IAX2": "chan_iax2",
    "DAHDI": "chan_dahdi",
    "MGCP": "chan_mgcp",
    "SKINNY": "chan_skinny",
    "MOTIF": "chan_motif",
    "OOH323": "chan_ooh323",
    "UNISTIM": "chan_unistim",
}


@dataclass(frozen=True, slots=True)
class Modules:
    """What modules.conf says. Names are in lower case, without `.so`."""

    autoload: bool
    loaded: frozenset[str]
    excluded: frozenset[str]

    def missing(self, module: str) -> str:
        """Why it is surely not loaded, in words; "" when it is, or may be."""
        if module in self.excluded:
            return "modules.conf says noload"
        if self.autoload or module in self.loaded:
            return ""
        if any(name.startswith(f"{module}_") for name in self.loaded):
            return ""  # res_fax_spandsp brings res_fax with it
        return "modules.conf has no autoload, and does not load it"


def modules(subject: Subject) -> Modules | None:
    """modules.conf beside the dialplan; None when it is missing, not all there, or has no [modules]."""
    found = neighbour(subject, "modules.conf")
    settings = [one for section in found.named("modules") for one in section.settings] if found else []
    if found is None or not found.complete or not settings:
        return None
    autoload = [one.value for one in settings if one.name == "autoload"]
    return Modules(
        bool(autoload) and is_true(autoload[-1]),
        frozenset(_plain(one.value) for one in settings if one.name in LOADS),
        frozenset(_plain(one.value) for one in settings if one.name == "noload"),
    )


def _plain(name: str) -> str:
    return name.strip().lower().removesuffix(".so")


@functools.cache
def _brought() -> Mapping[str, Mapping[str, list[str]]]:
    data: Mapping[str, Mapping[str, list[str]]] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def of_application(name: str) -> list[str]:
    """The modules that have the application, any of which is enough; none for the core's and for unknown ones."""
    return _brought()["applications"].get(name.lower(), [])


def of_function(name: str) -> list[str]:
    """The same for a function."""
    return _brought()["functions"].get(name, [])
