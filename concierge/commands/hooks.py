"""`concierge hooks show`: the snippets to include, with this site's settings in them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from concierge.wiring import add_config, settings_of

_FREEPBX_FILES = {
    "extensions": "extensions_custom.conf, which FreePBX leaves to you; then `fwconsole reload`",
    "features": "features_applicationmap_custom.conf, without its first line",
    "manager": "manager_custom.conf; channelvars belongs into manager_general_custom.conf where there is one",
}


def configure(parser: ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=("show",))
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--asterisk", type=int, choices=(16, 18, 20, 22), default=22, help="version of plain Asterisk")
    kind.add_argument("--freepbx", type=int, choices=(15, 16, 17), help="version of FreePBX")
    parser.add_argument("--part", choices=("all", "extensions", "features", "manager"), default="all")
    add_config(parser)


def run(args: Namespace) -> int:
    """Prints; changes nothing."""
    from ami.manager_conf import snippet
    from concierge import hooks

    settings = settings_of(args)
    version = {15: 16, 16: 18, 17: 22}[args.freepbx] if args.freepbx else args.asterisk
    user = settings.ami.user or "concierge"
    parts = {
        "extensions": ("extensions.conf (or a file that it includes)", hooks.extensions(settings)),
        "features": ("features.conf", hooks.features(settings)),
        "manager": (
            "manager.conf; put a long random secret here and into ami.secret_file",
            snippet(version, user, "CHANGE-ME", guard=False),
        ),
    }
    if args.freepbx:
        parts["extensions"] = (parts["extensions"][0], parts["extensions"][1] + "\n" + hooks.freepbx(args.freepbx))
    if args.freepbx:
        parts = {name: (_FREEPBX_FILES[name], text) for name, (_, text) in parts.items()}
    for name, (where, text) in parts.items():
        if args.part in ("all", name):
            print(f"; ---- {where}\n{text}")
    return 0
