"""A private PBX with somebody's own configuration, into which `concierge hooks install` puts the hooks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from concierge.lab.config import PbxOptions
from concierge.lab.errors import LabError
from concierge.lab.site import Site
from concierge.settings import Settings


class InstalledSite(Site):
    """A Site whose hooks came by the command. `kind`: `--freepbx` or `--asterisk`; `tree`: files by name."""

    def __init__(
        self, version: str, kind: str, tree: Mapping[str, str], settings: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(version, settings=settings)
        self._kind, self._tree = kind, dict(tree)
        self.before: dict[str, str] = {}

    def _pbx_options(self, settings: Settings, secret: str) -> PbxOptions:  # noqa: ARG002 - the hooks bring them
        return PbxOptions(etc_files=self._tree)

    @property
    def etc(self) -> Path:
        """Asterisk's configuration folder."""
        return self.pbx.folder / "etc"

    def start_daemon(self, *arguments: str, ready: bool = True) -> None:
        """The first time after the hooks are in."""
        if not self.before:
            self.before = self.digests()
            done = self.hooks("install", "--reload")
            if done.returncode:
                raise LabError(done.stdout + done.stderr)
        super().start_daemon(*arguments, ready=ready)

    def hooks(self, action: str, *arguments: str) -> CompletedProcess[str]:
        """`concierge hooks ACTION` on this PBX."""
        kind = [self._kind] if action != "show" else []
        return self.concierge("hooks", action, *kind, *self.where, *arguments)

    @property
    def where(self) -> list[str]:
        """What tells a command where this PBX is."""
        sounds = ["--sounds", str(self.pbx.folder / "data" / "sounds")]
        return ["--etc", str(self.etc), "--rx", self.pbx.console, *sounds]

    def digests(self) -> dict[str, str]:
        """Every file of the configuration: name -> SHA-256 with owner and mode."""
        found = {}
        for path in sorted(self.etc.rglob("*")):
            if path.is_file():
                status = path.stat()
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(self.etc))] = f"{digest} {status.st_uid} {status.st_mode:o}"
        return found
