"""`concierge policy simulate|diff`: who of a file of leads can be called when, and what a change would do to that."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from concierge.errors import UserError
from concierge.outputs import PUBLIC, refuse_own, write_whole
from concierge.wiring import add_config, add_format, prepare_store, settings_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.forecast import Forecast, Span


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    simulate = actions.add_parser("simulate", help="who can be called when, and what stops the rest")
    simulate.add_argument("leads", metavar="LEADS.csv", help="columns named zone, region, person … are used too")
    simulate.add_argument("--campaign", required=True, metavar="NAME", help="one that is defined, or a YAML file")
    simulate.add_argument("--html", metavar="FILE", help="write the table and a plot as a page")
    diff = actions.add_parser("diff", help="what another campaign, or a changed one, would do to the same leads")
    diff.add_argument("old", metavar="OLD", help="a campaign that is defined, or a YAML file")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument("leads", metavar="LEADS.csv")
    for action in (simulate, diff):
        action.add_argument("--from", dest="start", type=_moment, metavar="TIME", help="with a zone; default: now")
        action.add_argument("--to", dest="end", type=_moment, metavar="TIME", help="default: a week after that")
        action.add_argument("--step", type=_minutes, default=60, metavar="MINUTES")
        action.add_argument("--column", metavar="NAME", help="the column of the number, by name or place")
        add_config(action)
        add_format(action)


def _moment(text: str) -> datetime:
    from concierge.commands.check import moment

    return moment(text)


def _minutes(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1440:
        raise ArgumentTypeError(f"{text!r} is no number of minutes from 1 to 1440")
    return int(text)


def run(args: Namespace) -> int:
    """0; nothing is dialled, nothing is recorded."""
    from models.errors import CampaignError, StoreError
    from models.exchange.kinds import FileRefused

    settings = settings_of(args)
    try:
        return _simulate(args, settings) if args.action == "simulate" else _diff(args, settings)
    except (StoreError, CampaignError) as error:
        raise UserError(str(error)) from error
    except FileRefused as error:
        raise UserError(f"{args.leads}: {error}") from error


def _span(args: Namespace) -> Span:
    from models.forecast import Span

    start = args.start or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    end = args.end or start + timedelta(days=7)
    step = timedelta(minutes=args.step)
    if not timedelta() < end - start <= 10_000 * step:  # before the moments are made: a year 9999 has millions
        raise UserError("--to must be after --from, and at most 10,000 steps away")
    return Span(start, end, step)


def _forecasts(args: Namespace, settings: Settings, names: list[str]) -> list[Forecast]:
    """Of each campaign, over one reading of the file."""
    from concierge.policy.forecasting import forecaster_of
    from concierge.policy.leads import blocks, size_of
    from concierge.progress import progress
    from models.forecast import Forecast
    from models.store import Store

    path, span = prepare_store(settings), _span(args)
    store = Store(path)
    try:
        found = [(forecaster_of(settings, store, name, span), Forecast(span)) for name in names]
        with progress(args.leads, size_of(args.leads)) as shown:
            done = 0
            for numbers, leads in blocks(args.leads, args.column):
                for forecaster, forecast in found:
                    forecaster.add(forecast, numbers, leads)
                done += len(numbers)
                shown.at(done)
    finally:
        store.close()
    return [forecast for _, forecast in found]


def _simulate(args: Namespace, settings: Settings) -> int:
    refuse_own(args, settings, args.html)
    (found,) = _forecasts(args, settings, [args.campaign])
    if args.html:
        from concierge.policy.page import page

        write_whole(Path(args.html), page(f"{args.campaign}: {args.leads}", _summary(found), found), PUBLIC)
    print(json.dumps(_facts(found)) if args.format == "json" else _text(found))
    return 0


def _summary(found: Forecast) -> str:
    span = f"{found.span.start:%Y-%m-%d %H:%M} to {found.span.end:%Y-%m-%d %H:%M} UTC"
    return (
        f"{found.leads:,} leads, {found.callable:,} can be called from {span}, {found.leads - found.callable:,} cannot"
    )


def _text(found: Forecast) -> str:
    lines = [_summary(found)]
    lines += [f"  {count:>9,}  {reason}" for reason, count in found.stopped.most_common()]
    lines += ["callable at (UTC):" if any(found.by_step) else "callable at no hour of this time"]
    lines += [
        f"  {count:>9,}  {moment:%a %Y-%m-%d %H:%M}"
        for moment, count in zip(found.span.moments, found.by_step, strict=True)
        if count
    ]
    return "\n".join(lines)


def _facts(found: Forecast) -> dict[str, Any]:
    steps = zip(found.span.moments, found.by_step, strict=True)
    return {
        "leads": found.leads,
        "callable": found.callable,
        "stopped": dict(found.stopped),
        "steps": [{"at": moment.isoformat(), "callable": count} for moment, count in steps],
    }


def _diff(args: Namespace, settings: Settings) -> int:
    old, new = _forecasts(args, settings, [args.old, args.new])
    reasons = sorted({*old.stopped, *new.stopped})
    changed = {reason: new.stopped[reason] - old.stopped[reason] for reason in reasons}
    if args.format == "json":
        print(json.dumps({"old": _facts(old), "new": _facts(new), "callable": new.callable - old.callable}))
        return 0
    print(f"callable: {old.callable:,} -> {new.callable:,} ({new.callable - old.callable:+,}) of {old.leads:,} leads")
    for reason, count in changed.items():
        print(f"  {reason}: {old.stopped[reason]:,} -> {new.stopped[reason]:,} ({count:+,})")
    steps = list(zip(old.span.moments, old.by_step, new.by_step, strict=True))
    for moment, before, after in steps:
        if before != after:
            print(f"  {moment:%a %Y-%m-%d %H:%M}: {before:,} -> {after:,} ({after - before:+,})")
    return 0
