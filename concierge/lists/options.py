"""The options of the actions in bulk; what they do is loaded when one is run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from concierge.exchange import add_file_options, add_sheet
from concierge.wiring import add_config, add_format

if TYPE_CHECKING:
    from concierge.settings import Settings

_MODULES = {
    "import": "importing",
    "export": "exporting",
    "batches": "importing",
    "undo-import": "importing",
    "scrub": "scrubbing",
    "history": "history",
    "stats": "history",
    "bridge": "bridging",
    "purge": "privacy",
    "accesses": "privacy",
}


def is_in_bulk(action: str) -> bool:
    """Is this one of the actions here?"""
    return action in _MODULES


def run(args: Namespace, settings: Settings) -> int:
    """The exit code of the action."""
    module = import_module(f"concierge.lists.{_MODULES[args.action]}")
    found: int = module.ACTIONS[args.action](args, settings)
    return found


def add_actions(actions: Any, day: Callable[[str], date]) -> None:
    """Their parsers."""
    _import(actions.add_parser("import", help="list the numbers of a file, all together"), day)
    _export(actions.add_parser("export", help="write what is in force, in the format of another system"))
    _scrub(actions.add_parser("scrub", help="split a file of leads into callable and refused"))
    batches = actions.add_parser("batches", help="the imports")
    undo = actions.add_parser("undo-import", help="take the listings of one import back, all together")
    undo.add_argument("batch", help="its id, or the beginning of it (see `list batches`)")
    history = actions.add_parser("history", help="everything that is kept about one number")
    history.add_argument("number")
    history.add_argument("--pseudonyms", action="store_true", help="privacy.key_file's names for numbers")
    stats = actions.add_parser("stats", help="how many entries, of which kind")
    _bridge(actions.add_parser("bridge", help="make FreePBX's blacklist and the list agree, now"))
    purge = actions.add_parser("purge", help="remove what is past its time (settings retention), never what holds")
    purge.add_argument("--dry-run", action="store_true", help="only count")
    purge.add_argument("--number", metavar="N", help="everything about this person but the suppression itself")
    accesses = actions.add_parser("accesses", help="who has read the list, when, and what was asked")
    accesses.add_argument("--number", metavar="N", help="who has asked about this one")
    accesses.add_argument("--since", type=day, metavar="DATE")
    add_format(accesses)
    add_config(purge)
    add_config(accesses)
    for action in (batches, history, stats):
        add_format(action)
    for action in (batches, undo, history, stats):
        add_config(action)


def _import(parser: ArgumentParser, day: Callable[[str], date]) -> None:
    parser.add_argument("file", help="or - for standard input")
    add_file_options(parser)
    add_sheet(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="list nothing; say of each row that would be refused why"
    )
    parser.add_argument("--campaign", default="", metavar="C", help="for rows that name none: only for C")
    parser.add_argument("--until", type=day, metavar="DATE", help="for rows that have no end: the last day")
    parser.add_argument("--reason", default="", help="for rows that have none; default: the file's name")
    parser.add_argument("--source", default="import", help="where this comes from")
    parser.add_argument(
        "--force",
        action="store_true",
        help="also numbers that no numbering plan knows, and a campaign that is not defined",
    )
    add_config(parser)


def _export(parser: ArgumentParser) -> None:
    add_file_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")
    parser.add_argument("--pseudonyms", action="store_true", help="CSV with privacy.key_file's names for numbers")
    parser.add_argument("--campaign", default="", metavar="C", help="what holds for calls of C, instead of everything")
    add_config(parser)


def _bridge(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="change nothing; say what would be, and name bad keys")
    parser.add_argument(
        "--accept",
        action="store_true",
        help="whatever has gone there was taken out by people; keep this PBX's database",
    )
    parser.add_argument("--withdraw", action="store_true", help="take everything out that was written there")
    add_config(parser)


def _scrub(parser: ArgumentParser) -> None:
    parser.add_argument("file")
    parser.add_argument("--campaign", default="", metavar="C", help="for whom the leads are called")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the callable leads, as they were")
    parser.add_argument("--refused", metavar="FILE", help="the others, with the reason and the entry")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="with the campaign's consents, hours and caps, as they are then"
    )
    parser.add_argument("--encoding", metavar="NAME", help="default: its byte order mark, or any with ASCII digits")
    parser.add_argument("--delimiter", metavar="C", help="default: counted, one of ; TAB | ,")
    parser.add_argument("--column", type=_number_column, metavar="NAME", help="of the number; default: by its name")
    add_sheet(parser)
    add_config(parser)


def _moment(text: str) -> datetime:
    from concierge.commands.check import moment

    return moment(text)


def _number_column(text: str) -> str:
    """As `list import` writes it, too."""
    return text.removeprefix("number=")
