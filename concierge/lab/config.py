"""Writes the configuration of one private PBX from the templates in lab/etc/."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from concierge.lab.engine import Engine
from concierge.lab.errors import LabError
from concierge.lab.ports import Ports

FOLDERS = ("etc", "lib", "agi-bin", "spool/outgoing", "spool/cache", "run", "log", "phones")
DATA_FOLDERS = ("data/sounds/en", "data/moh")
# read at the start by parts of the core: empty ones keep the log free of complaints
EMPTY = ("cdr", "cel", "ccss", "pjproject", "queuerules", "queues", "stasis", "statsd", "udptl")
AMI_USER, AMI_SECRET = "lab", "lab-loopback"
CHANNELVARS = ("CAMPAIGN", "CALLEE", "OUTNUM", "LEG")


@dataclass(frozen=True)
class PbxOptions:
    """What a caller adds to the lab's base configuration; every text is that of the Asterisk file of its name.

    extensions, manager, features   text after the lab's own (features: lines of [applicationmap], or sections)
    sounds        folder name below sounds/en → folder of sound files to copy there ("" for sounds/en itself)
    globals       global variables of the dialplan; the daemon's AGI port by convention as AGIPORT
    channelvars   channel variables shown in AMI events
    etc_files     further files of the configuration folder by name, e.g. to #include from `extensions`
    modules       further modules to load, without ".so"
    """

    extensions: str = ""
    manager: str = ""
    features: str = ""
    sounds: Mapping[str, Path] = field(default_factory=dict)
    globals: Mapping[str, str] = field(default_factory=dict)
    channelvars: Sequence[str] = CHANNELVARS
    etc_files: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ()


def write_config(folder: Path, engine: Engine, ports: Ports, options: PbxOptions) -> None:
    """Fill run folder `folder` with everything Asterisk reads; `folder` is a path of this machine."""
    for name in (*FOLDERS, *DATA_FOLDERS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    values = _values(engine.to_pbx(folder), engine, ports, options)
    for name, text in _texts(values, engine, options).items():
        (folder / "etc" / name).write_text(text)
    _link_data(folder / "data", engine)
    for name, source in options.sounds.items():
        add_sounds(folder, name, source)


def add_sounds(folder: Path, name: str, source: Path) -> None:
    """Copy the tree `source` to sounds/en/`name`. Raises LabError when `source` is no folder."""
    if not source.is_dir():
        raise LabError(f"there is no folder of sounds {source}")
    target = folder / "data" / "sounds" / "en"
    for sound in sorted(source.rglob("*")):
        if sound.is_file():
            _copy(sound, target / name / sound.relative_to(source), target)


def _copy(sound: Path, copy: Path, top: Path) -> None:
    for step in (*reversed(copy.relative_to(top).parents), copy.relative_to(top)):
        if (top / step).is_symlink():
            (top / step).unlink()  # a link to the engine's prompts: never write through it
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sound, copy)


def _values(run: str, engine: Engine, ports: Ports, options: PbxOptions) -> dict[str, str]:
    values = {f"{name.upper()}_PORT": str(port) for name, port in ports.phones.items()}
    values |= {"RUN": run, "MODULES": engine.modules, "AMI_SECRET": AMI_SECRET}
    values |= {"SIP_PORT": str(ports.sip), "AMI_PORT": str(ports.ami)}
    values |= {"RTP_FIRST": str(ports.rtp[0]), "RTP_LAST": str(ports.rtp[1])}
    values["CHANNELVARS"] = ",".join(options.channelvars)
    values["GLOBALS"] = "\n".join(f"{name} = {value}" for name, value in options.globals.items())
    return values


def _texts(values: Mapping[str, str], engine: Engine, options: PbxOptions) -> dict[str, str]:
    texts = {f"{name}.conf": "[general]\n" for name in EMPTY}
    for template in resources.files("concierge.lab").joinpath("etc").iterdir():
        if template.name.endswith(".conf"):
            texts[template.name] = fill(template.read_text(), values)
    texts["acl.conf"] = ""
    texts["modules.conf"] = _modules(engine, options.modules)
    texts["extensions_extra.conf"] = options.extensions
    texts["manager_extra.conf"] = options.manager
    texts["features_extra.conf"] = options.features
    return texts | dict(options.etc_files)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Replace every @NAME@ of `template`; KeyError for one without a value."""
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], template)


def _modules(engine: Engine, more: Sequence[str]) -> str:
    """modules.conf: of the wanted modules those that this version has."""
    listed = resources.files("concierge.lab").joinpath("etc", "modules.list").read_text().split()
    have = engine.to_host(engine.modules)
    lines = [f"load = {name}.so" for name in (*listed, *more) if (have / f"{name}.so").exists()]
    return "\n".join(["[modules]", "autoload = no", *lines, ""])


def _link_data(data: Path, engine: Engine) -> None:
    """Documentation (PJSIP does not start without it) and prompts come from the engine, as links."""
    (data / "documentation").symlink_to(f"{engine.data}/documentation")
    prompts = f"{engine.data}/sounds"
    english = next(iter(sorted(engine.to_host(prompts).glob("en*/vm-goodbye.*"))), None)
    if english is not None:
        for prompt in english.parent.iterdir():
            (data / "sounds" / "en" / prompt.name).symlink_to(f"{prompts}/{english.parent.name}/{prompt.name}")
