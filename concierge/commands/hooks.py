"""`concierge hooks install|remove|show`: the hooks in this PBX's configuration, in and out with one command."""

from __future__ import annotations

import os
import secrets
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import add_config, settings_of, store_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from concierge.installation.changes import Change
    from concierge.installation.layout import Layout
    from concierge.installation.loaded import Console
    from concierge.installation.record import Record
    from concierge.settings import Settings

_FREEPBX_FILES = {
    "extensions": "extensions_custom.conf, which FreePBX leaves to you; then `fwconsole reload`",
    "features": "features_applicationmap_custom.conf, without its first line",
    "manager": "manager_custom.conf; channelvars belongs into manager_general_custom.conf where there is one",
}


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=("install", "remove", "show"))
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--asterisk",
        type=int,
        nargs="?",
        const=0,
        choices=(0, 16, 18, 20, 22),
        metavar="VERSION",
        help="plain Asterisk (16, 18, 20, 22; found out when it runs)",
    )
    kind.add_argument(
        "--freepbx",
        type=int,
        nargs="?",
        const=0,
        choices=(0, 15, 16, 17),
        metavar="VERSION",
        help="FreePBX (15, 16, 17) or Issabel; found out from its files",
    )
    parser.add_argument("--part", choices=("all", "extensions", "features", "manager"), default="all", help="of show")
    parser.add_argument("--etc", type=Path, default=Path("/etc/asterisk"), help="Asterisk's configuration folder")
    parser.add_argument("--sounds", type=Path, metavar="DIR", help="Asterisk's sounds (default: from asterisk.conf)")
    parser.add_argument("--rx", default="asterisk", metavar="COMMAND", help="how Asterisk's console is started")
    parser.add_argument("--dry-run", action="store_true", help="show the diff, change nothing")
    parser.add_argument("--reload", action="store_true", help="let Asterisk load it, and check that it has")
    parser.add_argument("--system", metavar="NAME", help="for this PBX of also_ami (default: the one of ami)")
    add_config(parser)


def run(args: Namespace) -> int:
    """0 when it is done or there was nothing to do."""
    if args.action == "show":
        return _show(args)
    from concierge.installation.compose import OWN
    from concierge.installation.loaded import Console
    from concierge.installation.record import record_in

    console, record = Console(args.rx), record_in(args.etc / OWN["extensions"])
    layout = _layout(args, console, record)
    if args.sounds is None and record is not None:
        args.sounds = Path(record.sounds)
    print(f"concierge: {layout}", file=sys.stderr)
    return _install(args, layout, console) if args.action == "install" else _remove(args, layout, console)


def _settings(args: Namespace) -> Settings:
    """As the PBX needs them that is meant. Raises UserError."""
    settings = settings_of(args)
    if args.system is None:
        return settings
    from concierge.manager import of_system
    from concierge.setting_rules import is_loopback

    meant = of_system(settings, args.system)
    if not is_loopback(meant.ami.host):
        print(
            f"concierge: {args.system} is another host than the daemon's: CONCIERGE_AGI must name an address of the "
            "daemon that it reaches (agi.host), and permit= in manager.conf the daemon's",
            file=sys.stderr,
        )
    return meant


def _layout(args: Namespace, console: Console, record: Record | None) -> Layout:
    """As the administrator says, else as the files are, else as it was when the hooks were installed."""
    from concierge.installation.layout import detect
    from concierge.installation.loaded import version_of

    said = None if args.asterisk is None and args.freepbx is None else args.freepbx is None
    asterisk = args.asterisk or version_of(console) or (record.asterisk if record else None)
    return detect(args.etc, asterisk, args.freepbx or None, said, record.freepbx if record else 0)


def _install(args: Namespace, layout: Layout, console: Console) -> int:
    from concierge.installation.compose import Wanted, installation, unguarded

    settings = _settings(args)
    secret, new = _secret(settings)
    changes = installation(Wanted(settings, layout, secret, _sounds(args)))
    for way in unguarded(layout):
        print(
            f"concierge: {way} does not begin as is known, or calls no hook: calls through it are not asked about",
            file=sys.stderr,
        )
    if new and not args.dry_run:
        _keep_secret(settings, new)
    if new:
        made = "would be made" if args.dry_run else "is made"
        print(f"concierge: {settings.ami.secret_file} {made}: the secret of the manager user", file=sys.stderr)
    _carry_out(args, settings, layout, changes)
    if not args.dry_run:
        _check_files(layout, changes)
        return _let_it_load(args, console, changes)
    return 0


def _remove(args: Namespace, layout: Layout, console: Console) -> int:
    from concierge.installation.compose import removal

    changes = removal(layout, _sounds(args))
    _carry_out(args, settings_of(args), layout, changes)
    if args.reload and not args.dry_run:
        from concierge.installation.loaded import reload

        reload(console)
    return 0


def _carry_out(args: Namespace, settings: Settings, layout: Layout, changes: Sequence[Change]) -> None:
    from concierge.installation.changes import diff
    from concierge.installation.writing import apply

    if not changes:
        print("concierge: nothing to change", file=sys.stderr)
        return
    for text in diff(changes):
        print(text, end="")
    if args.dry_run:
        print(f"concierge: {len(changes)} files would be written", file=sys.stderr)
        return
    path = store_path(settings)
    kept = apply(changes, path.with_name(path.name + ".hook-backups"), layout.etc / "extensions.conf")
    where = f", what was there before is in {kept}" if kept else ""
    print(f"concierge: {len(changes)} files written{where}", file=sys.stderr)


def _check_files(layout: Layout, changes: Sequence[Change]) -> None:
    """A file that is left open by somebody else's mistake would swallow what is put behind it."""
    from concierge.hooks import FREEPBX_HOOKS
    from concierge.installation.writing import take_back
    from dialplan.plan import UnreadableError, load

    try:
        plan = load(layout.etc / "extensions.conf")
    except UnreadableError as error:
        take_back(changes, layout.etc / "extensions.conf")
        raise UserError(f"{error} Nothing was changed.") from error
    wanted = ["concierge-outbound", *(FREEPBX_HOOKS if layout.generated else ())]
    lost = [name for name in wanted if name not in plan.contexts]
    if layout.generated and not lost:
        lost = [name for name in FREEPBX_HOOKS if not _is_ours(plan.contexts[name].extensions)]
    if lost:
        take_back(changes, layout.etc / "extensions.conf")
        raise UserError(
            f"Asterisk would not reach [{lost[0]}]: `concierge lint {layout.etc}` says what is before it; "
            "nothing was changed"
        )


def _is_ours(extensions: Sequence[object]) -> bool:
    return any("Concierge" in step.data for one in extensions for step in one.steps.values())  # type: ignore[attr-defined]


def _let_it_load(args: Namespace, console: Console, changes: Sequence[Change]) -> int:
    from concierge.doctor.loaded import check_loaded
    from concierge.installation.loaded import reload

    if not args.reload:
        if changes:
            print("concierge: Asterisk has not loaded it yet: `concierge hooks install --reload`", file=sys.stderr)
        return 0
    reload(console)
    failed = [finding for finding in check_loaded(args.etc, console) if finding.state != "ok"]
    for finding in failed:
        print(f"concierge: {finding.name}: {finding.seen}\n    {finding.remedy}", file=sys.stderr)
    return 1 if failed else 0


def _secret(settings: Settings) -> tuple[str | None, str]:
    """The secret of the manager user and, when it has just been made up, the same again."""
    from concierge.setting_rules import ami_secret

    if not settings.ami.user:
        print("concierge: ami.user is empty: no manager user, so no key press is heard over AMI", file=sys.stderr)
        return None, ""
    path = settings.ami.secret_file
    if path and not Path(path).exists():
        new = secrets.token_urlsafe(32)
        return new, new
    return ami_secret(settings.ami), ""


def _keep_secret(settings: Settings, secret: str) -> None:
    path = Path(settings.ami.secret_file)
    try:
        path.touch(mode=0o600)
        path.write_text(secret + "\n", encoding="ascii")
        owner = next(folder for folder in store_path(settings).absolute().parents if folder.exists()).stat()
        if os.geteuid() == 0 and owner.st_uid:  # the daemon reads it
            os.chown(path, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise UserError(f"ami.secret_file: {path}: {error.strerror}") from error


def _sounds(args: Namespace) -> Path:
    from concierge.doctor.files import data_folder

    return args.sounds or data_folder(args.etc) / "sounds"


def _show(args: Namespace) -> int:
    from ami.manager_conf import snippet
    from concierge import hooks

    settings = _settings(args)
    freepbx = 17 if args.freepbx == 0 else args.freepbx
    version = {15: 16, 16: 18, 17: 22}[freepbx] if freepbx else args.asterisk or 22
    user = settings.ami.user or "concierge"
    parts = {
        "extensions": ("extensions.conf (or a file that it includes)", hooks.extensions(settings)),
        "features": ("features.conf", hooks.features(settings)),
        "manager": (
            "manager.conf; put a long random secret here and into ami.secret_file",
            snippet(version, user, "CHANGE-ME", originate=settings.callbacks.auto),
        ),
    }
    if freepbx:
        parts["extensions"] = (parts["extensions"][0], parts["extensions"][1] + "\n" + hooks.freepbx(freepbx))
        parts = {name: (_FREEPBX_FILES[name], text) for name, (_, text) in parts.items()}
    for name, (where, text) in parts.items():
        if args.part in ("all", name):
            print(f"; ---- {where}\n{text}")
    return 0
