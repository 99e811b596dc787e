"""`concierge lsp`: lint in the editor, over stdin and stdout as the Language Server Protocol has it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--asterisk", metavar="VERSION", help="default: as `concierge lint` takes it")
    parser.add_argument("--stdio", action="store_true", help="as editors call it; there is no other way")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings; their part `lint` counts here")


def run(args: argparse.Namespace) -> int:
    """Serve until the editor ends it. Raises UserError where the extra is missing."""
    from importlib.util import find_spec

    from concierge.errors import UserError

    if find_spec("pygls") is None:
        raise UserError("the language server needs its extra: pip install 'asterisk-concierge[lsp]'")
    from concierge.linting.wanted import wanted
    from concierge.lsp.server import serve

    serve(wanted(args.asterisk, args.config), _version())
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - the server has closed it
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("asterisk-concierge")
    except PackageNotFoundError:  # run from a folder of files
        return ""
