"""`concierge …`: finds the sub-command, loads only that one, turns every ending into an exit code.

Exit codes: 0 fine; 1 findings, refused or not listed; 2 wrong use or unreadable input; 3 our bug; 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from concierge.errors import UserError

COMMANDS = {
    "serve": "start the gate (AGI), the opt-out listener (AMI) and the guard of menus",
    "check": "may this number be called now?",
    "policy": "who of a file of leads can be called when: simulate, diff",
    "complaint": "I was called although …: add, list, show, answer; lists the number and opens its dossier",
    "consent": "who has agreed to be called about what: add, withdraw, show, import, export",
    "campaign": "why people are called, when and how often: add, edit, show, list, pause, export",
    "list": "suppressed numbers: add, remove, show, import, export, scrub, history",
    "callbacks": "promised callbacks and follow-ups: list, claim, done, overdue",
    "registry": "national do-not-call registries: add, list, verify, remove",
    "sync": "how far this host's list is with the other sites'",
    "lint": "find what would trap or cut off a caller in the dialplan",
    "lsp": "lint in the editor: a language server on standard input and output",
    "rule": "explain a rule of lint, with a bad and a good example",
    "graph": "the calls of a dialplan as a picture: Mermaid, Graphviz, SVG or HTML",
    "test": "calls that are expected to go as a file says, for CI",
    "trace": "the path of one call with given keys and results, step by step",
    "dump": "show the dialplan as Asterisk would hold it",
    "replay": "place the same call in a private real Asterisk and compare the paths",
    "hooks": "put the hooks into this PBX's configuration, take them out, or show them",
    "prompts": "what callers hear: list, record, restore",
    "agi": "the gate as a plain AGI script",
    "token": "tokens of the HTTP endpoint: add, list, remove",
    "gaps": "when key presses may have gone unheard, and what became of it",
    "doctor": "what is wrong with this installation, and what to do",
    "report": "service figures; calls that went round the gate",
    "evidence": "was anything changed; why was this number called or refused",
    "selftest": "call one's own numbers as a caller would, and say what he would complain of",
    "db": "create or upgrade the database",
    "demo": "see it work on a private real Asterisk with a real SIP phone",
}

DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Writing to a disk fails so; where the file has no name it is where the output goes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code. Never raises, but for SystemExit of --help.

    A command that `leaves_at_once` has written all that it had to: what it holds in memory is not taken apart,
    which for a large dialplan takes a quarter of the time.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    _print_anything()
    try:
        args = _parse(arguments)
        code: int = args.run(args)
        sys.stdout.flush()
        if argv is None and getattr(args, "leaves_at_once", False):
            sys.stderr.flush()
            os._exit(code)
    except UserError as error:
        print(f"concierge: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _print_nowhere()
        return 0
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            print(f"concierge: {str(error.filename)[:80]}…: {error.strerror}", file=sys.stderr)
            return 2
        if error.filename is not None or error.errno not in DISK_TROUBLE:
            return _our_bug(arguments)
        _print_nowhere()
        print(f"concierge: cannot write the output: {error.strerror}; it is not complete", file=sys.stderr)
        return 2
    except Exception:  # noqa: BLE001 - the command's top: everything unforeseen is our bug
        return _our_bug(arguments)
    return code


def _open_closed_streams() -> None:
    """A caller may have closed them (`>&-`): the exit code still counts."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the whole run
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _print_nowhere() -> None:
    """The interpreter flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_anything() -> None:
    """A character that the terminal cannot show must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    if arguments and arguments[0] in COMMANDS:
        return _parse_command(arguments[0], arguments[1:])
    parser = argparse.ArgumentParser(prog="concierge", description="A dialplan companion for Asterisk and FreePBX.")
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=_sentence(text))
        if name == wanted:
            _configure(sub, name)
    args = parser.parse_args(arguments)
    if args.version:
        args.run = _print_version
    elif args.command is None:
        parser.print_help()
        args.run = _wrong_use
    return args


def _parse_command(name: str, arguments: Sequence[str]) -> argparse.Namespace:
    """The others are not looked at: a third of the start of a short command."""
    parser = argparse.ArgumentParser(
        prog=f"concierge {name}", description=_sentence(COMMANDS[name]), formatter_class=_formatter
    )
    parser.set_defaults(command=name, version=False)
    _configure(parser, name)
    return parser.parse_args(arguments)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """As argparse makes it, without loading shutil for the width of the terminal."""
    try:
        columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        columns = 80
    return argparse.HelpFormatter(prog, width=columns - 2)


def _configure(parser: argparse.ArgumentParser, name: str) -> None:
    module = _load(name)
    module.configure(parser)
    parser.set_defaults(run=module.run)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith("?") else ".")


def _load(name: str) -> ModuleType:
    collecting = gc.isenabled()
    gc.disable()  # modules are no garbage, and looking for it takes a tenth of a short command's start
    try:
        return importlib.import_module(f"concierge.commands.{name}")
    finally:
        if collecting:
            gc.enable()


def _print_version(_args: argparse.Namespace) -> int:
    from importlib.metadata import version

    print("concierge", version("asterisk-concierge"))
    return 0


def _wrong_use(_args: argparse.Namespace) -> int:
    return 2


def _our_bug(arguments: Sequence[str]) -> int:
    import traceback

    traceback.print_exc()
    print(
        "concierge: this is a mistake in Concierge, not in your input. Please report the lines above, "
        f"with the command: concierge {' '.join(arguments)}",
        file=sys.stderr,
    )
    return 3
