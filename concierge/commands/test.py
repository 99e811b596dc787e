"""`concierge test SCENARIOS.yaml…`: calls that are expected to go as the file says. Reads the files; of the settings,
which Asterisk.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialplan.plan.model import Plan
    from dialplan.scenarios import Verdict


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="SCENARIOS.yaml", help="calls and what is expected")
    parser.add_argument("--dialplan", metavar="PATH", help="instead of the one that the files name")
    parser.add_argument("--format", choices=("text", "json", "junit"), default="text", help="default: text")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of stdout")
    parser.add_argument("--asterisk", metavar="VERSION", help="default: what the files say, else as `concierge lint`")
    parser.add_argument("--config", type=Path, metavar="FILE", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """0 when every call goes as expected, else 1. Raises UserError."""
    from concierge.commands.trace import Hider
    from concierge.errors import UserError
    from concierge.testing import reporting

    judged: list[tuple[str, Verdict]] = []
    hiders = []
    for file in args.files:
        plan, verdicts = _judge(file, args)
        judged += [(str(file), verdict) for verdict in verdicts]
        hiders.append(Hider(plan))
    write = {"text": reporting.text, "json": reporting.as_json, "junit": reporting.junit}[args.format]
    text = write(judged)
    for hide in hiders:
        text = hide(text)
    if args.output is None:
        sys.stdout.write(text)
    else:
        try:
            args.output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write {args.output}: {error.strerror}") from error
    return int(any(verdict.broken for _, verdict in judged))


def _judge(file: Path, args: argparse.Namespace) -> tuple[Plan, list[Verdict]]:
    from concierge.commands.trace import check
    from concierge.errors import UserError
    from concierge.linting.control import asterisk
    from concierge.testing.reading import read
    from dialplan.plan import UnreadableError, load
    from dialplan.scenarios import run as judge
    from dialplan.version import table_of

    head, scenarios = read(file)
    try:
        plan = load(args.dialplan or file.parent / head.dialplan)
        table = table_of(plan, args.asterisk or head.asterisk or asterisk(None, args.config))
    except (UnreadableError, KeyError) as error:
        raise UserError(f"{file}: {error.args[0]}") from error
    if not plan.loads:
        raise UserError(f"{file}: Asterisk refuses {plan.files[0]} as a whole; `concierge lint` says why")
    for scenario in scenarios:
        if scenario.at.context not in plan.contexts:
            raise UserError(f"{file}: {scenario.name}: there is no context [{scenario.at.context}] in {plan.files[0]}")
        check(scenario.inputs, plan, table)
    return plan, [judge(plan, table, scenario) for scenario in scenarios]
