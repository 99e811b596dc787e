"""`concierge agi outbound NUMBER NONCE CAMPAIGN`: the handlers as a plain AGI script.

In the dialplan: AGI(/usr/local/bin/concierge,agi,outbound,${NUMBER},${NONCE},${CAMPAIGN}). Each call starts Python
anew (some 0.4 s); use the daemon where Asterisk can reach it.
"""

from __future__ import annotations

import signal
import sys
from argparse import REMAINDER, ArgumentParser, Namespace
from typing import TYPE_CHECKING

from concierge.wiring import add_config, judge_of, limits_of, settings_of, store_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agi.handlers import Effect, Handler
    from concierge.settings import Settings
    from models.contact import Answer, Question


def configure(parser: ArgumentParser) -> None:
    """Options, before the handler: everything after it is taken as it is, for it comes from a telephone."""
    parser.add_argument("handler", choices=("outbound", "menu"))
    parser.add_argument("arguments", nargs=REMAINDER)
    add_config(parser)


def run(args: Namespace) -> int:
    """0 when the dialplan was told something, 1 when the session broke off."""
    from agi.protocol import ProtocolError
    from agi.script import run as drive
    from agi.session import Session
    from concierge.errors import UserError

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Asterisk sends it at hang-up; the evidence is still to be kept
    settings = settings_of(args)
    path = store_path(settings)
    try:
        session = Session(sys.stdin.buffer, sys.stdout.buffer)
    except ProtocolError as error:
        raise UserError(f"{error}; this command is started by Asterisk's AGI()") from error
    outcome = drive(session, _handler(args.handler, settings), tuple(args.arguments), _performer(settings, path))
    words = " ".join(f"{name}={value}" for name, value in outcome.fields.items() if value != "")
    print(f"decision={outcome.decision} {words}", file=sys.stderr)
    return 1 if outcome.decision == "broken-off" else 0


def _handler(name: str, settings: Settings) -> Handler:
    from agi.menu_guard import menu
    from agi.outbound import outbound

    if name == "menu":
        limits = limits_of(settings)
        return lambda environment: menu(environment, limits)
    return lambda environment: outbound(environment, "script")


def _performer(settings: Settings, path: Path) -> Callable[[Effect], object]:
    from agi.handlers import Ask

    def perform(effect: Effect) -> object:
        if isinstance(effect, Ask):
            return ask(settings, path, effect.question)
        raise TypeError(f"the script has no way to perform {effect!r}")

    return perform


def ask(settings: Settings, path: Path, question: Question) -> Answer:
    """The answer with its evidence committed first; refused when either is not to be had."""
    from contextlib import closing

    from concierge.counting import shared_of, take, terms_of
    from models.errors import StoreError
    from models.evidence.key import load_or_make_key
    from models.gate import overruled, permitted
    from models.reserving import Reserver
    from models.store import Store

    answer = judge_of(settings, path).answer_patiently(question)
    if answer.case is not None:
        shared = shared_of(settings)
        with closing(Reserver(path, terms_of(settings), shared)) as reserver:
            answer = take(reserver, answer, False)
        if shared is not None:
            shared.close()
    try:
        store = Store(path)
        store.write_checks([answer])
        store.close()
        return permitted(answer, load_or_make_key(path))
    except StoreError as error:
        return overruled(answer, str(error))
