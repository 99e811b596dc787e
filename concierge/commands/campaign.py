"""`concierge campaign add|edit|show|list|pause|resume|remove|export|presets|countries`: why, when and how often."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from concierge.errors import UserError
from concierge.wiring import add_config, add_format, folder_of, prepare_store, settings_of

if TYPE_CHECKING:
    from models.campaign import Campaign
    from models.store import Store


_ALONE = (
    " (of this host's calls alone: what the other sites have answered is known over 30 days, and to a running daemon)"
)


def configure(parser: ArgumentParser) -> None:
    """Actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="define the campaigns of a YAML file; none of them may be there yet")
    edit = actions.add_parser("edit", help="put the campaigns of a YAML file in the place of those of the same name")
    for action in (add, edit):
        action.add_argument("file", metavar="FILE", help="one campaign, a list of them, or `campaigns:`; - is stdin")
        action.add_argument("--dry-run", action="store_true", help="only say what is wrong with it")
    show = actions.add_parser("show", help="a campaign as YAML, for a file under version control")
    pause = actions.add_parser("pause", help="refuse its calls until it is resumed")
    resume = actions.add_parser("resume", help="let its calls go again")
    remove = actions.add_parser("remove", help="take it away; what it has done stays in the history")
    for action in (show, pause, resume, remove):
        action.add_argument("name", metavar="NAME")
    history = actions.add_parser("history", help="every change of a campaign: when, by whom, what")
    history.add_argument("name", metavar="NAME")
    abandoned = actions.add_parser("abandoned", help="answered calls with nobody there, per campaign, over 30 days")
    abandoned.add_argument("--days", type=int, choices=range(1, 366), default=30, metavar="N")
    abandoned.add_argument("--most", type=float, default=3.0, metavar="PERCENT", help="above it: exit code 1")
    listing = actions.add_parser("list", help="all campaigns")
    export = actions.add_parser("export", help="all campaigns as one YAML file")
    presets = actions.add_parser("presets", help="what `presets:` names: caps and days, as YAML to read and to change")
    countries = actions.add_parser("countries", help="what the law of each country asks, with its sources")
    for action in (add, edit, show, pause, resume, remove, history, abandoned, listing, export, presets, countries):
        add_config(action)
    for action in (listing, history, abandoned, countries):
        add_format(action)


def run(args: Namespace) -> int:
    """0 done; 1 there is no such campaign."""
    from models.errors import CampaignError, StoreError
    from models.store import Store

    settings = settings_of(args)
    if args.action == "presets":
        return _presets()
    try:
        if args.action == "countries":
            return _countries(args, folder_of(settings))
        if getattr(args, "dry_run", False):
            for one in read_file(args.file):
                print(f"{one.name}: fine")
            return 0
        store = Store(prepare_store(settings))
        try:
            return _ACTIONS[args.action](store, args)
        finally:
            store.close()
    except (StoreError, CampaignError) as error:
        raise UserError(str(error)) from error


def defined(store: Store) -> dict[str, Campaign]:
    """By lower-case name. Raises StoreError, UserError."""
    from models.facts import CAMPAIGN, campaigns_of, read

    try:
        return campaigns_of(read(store, CAMPAIGN))
    except ValueError as error:
        raise UserError(f"a campaign in the store cannot be read: {error}") from error


def read_file(name: str) -> list[Campaign]:
    """Raises UserError with every mistake."""
    import yaml

    from concierge.reading import OnceLoader
    from models.campaign import campaign_of
    from models.demands import mistakes_in
    from models.errors import CampaignError

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        raw = yaml.load(text, OnceLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{name}: not YAML: {error}") from error
    if isinstance(raw, dict) and set(raw) == {"campaigns"}:
        raw = raw["campaigns"]
    found: list[Campaign] = []
    mistakes: list[str] = []
    for one in raw if isinstance(raw, list) else [raw]:
        try:
            campaign = campaign_of(one)
            found.append(campaign)
            mistakes += [f"{name}: campaign {campaign.name}: {line}" for line in mistakes_in(campaign)]
        except CampaignError as error:
            mistakes += [f"{name}: {line}" for line in str(error).splitlines()]
    names = [one.name.lower() for one in found]
    mistakes += [
        f"{name}: campaign {one} stands twice" for one in sorted({one for one in names if names.count(one) > 1})
    ]
    if mistakes:
        raise UserError("\n".join(mistakes))
    return found


def _put(store: Store, args: Namespace) -> int:
    from models.facts import CAMPAIGN, campaign_fact, dated, read, record

    found, known = read_file(args.file), defined(store)
    there = [one.name for one in found if one.name.lower() in known]
    if args.action == "add" and there:
        raise UserError(
            f"{', '.join(there)}: already there; `concierge campaign edit {args.file}` puts it in its place"
        )
    names = {one.name.lower() for one in found}
    now = dated(datetime.now(UTC), [one for one in read(store, CAMPAIGN) if one.subject in names])
    who = _user()
    record(store, [campaign_fact(uuid4(), one, now, who) for one in found])
    for one in found:
        print(f"{one.name}: {'changed' if one.name in there else 'added'}, {one.state}")
    return 0


def _named(store: Store, name: str) -> Campaign:
    import difflib

    known = defined(store)
    found = known.get(name.lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"; did you mean {known[near[0]].name}?" if near else "; see `concierge campaign list`"
        raise UserError(f"there is no campaign {name!r}{hint}")
    return found


def _show(store: Store, args: Namespace) -> int:
    """With its share of abandoned calls as a remark: the text is still a file for `edit`."""
    from models.abandoned import by_law, line

    campaign = _named(store, args.name)
    print(_yaml(campaign), end="")
    settings = settings_of(args)
    for one in by_law(store, datetime.now(UTC), folder_of(settings)):
        if one.campaign == campaign.name.lower():
            print(f"# {line(one)}{_ALONE if settings.sync.url and not one.all_sites else ''}")
    return 0


def _change(store: Store, args: Namespace) -> int:
    from models.facts import CAMPAIGN, campaign_fact, dated, read, record

    state = {"pause": "paused", "resume": "active", "remove": "removed"}[args.action]
    changed = replace(_named(store, args.name), state=state)
    now = dated(datetime.now(UTC), read(store, CAMPAIGN, subject=changed.name.lower()))
    record(store, [campaign_fact(uuid4(), changed, now, _user())])
    print(f"{changed.name}: {state}")
    return 0


def _list(store: Store, args: Namespace) -> int:
    from models.campaign import data_of

    found = [one for _, one in sorted(defined(store).items())]
    if args.format == "json":
        print(json.dumps([{"state": one.state, **data_of(one)} for one in found], ensure_ascii=False))
        return 0
    for one in found:
        print(f"{one.name}\t{one.state}\t{one.reason or 'no reason'}\t{one.purpose or one.product or ''}".rstrip())
    if not found:
        print(
            "concierge: no campaign is defined: names of campaigns are labels, and only the list decides",
            file=sys.stderr,
        )
    return 0


def _export(store: Store, _args: Namespace) -> int:
    import yaml

    from models.campaign import data_of

    found = {"campaigns": [data_of(one) for _, one in sorted(defined(store).items())]}
    print(yaml.safe_dump(found, sort_keys=False, allow_unicode=True), end="")
    return 0


def _history(store: Store, args: Namespace) -> int:
    from models.facts import CAMPAIGN, read

    found = read(store, CAMPAIGN, subject=args.name.lower())
    for one in found:
        if args.format == "json":
            facts = {"at": one.at.isoformat(), "by": one.actor, "site": one.site, "campaign": dict(one.body)}
            print(json.dumps(facts, ensure_ascii=False))
        else:
            print(f"{one.at:%Y-%m-%dT%H:%M:%SZ}\t{one.actor}\t{json.dumps(dict(one.body), ensure_ascii=False)}")
    if not found:
        print(f"concierge: there has been no campaign {args.name!r}; see `concierge campaign list`", file=sys.stderr)
    return 0 if found else 1


def _abandoned(store: Store, args: Namespace) -> int:
    """1 when any campaign is above the rate."""
    from models.abandoned import rates

    found = rates(store, datetime.now(UTC), args.days)
    if settings_of(args).sync.url and not any(one.all_sites for one in found):
        print(f"concierge:{_ALONE}", file=sys.stderr)
    for one in found:
        facts = {"campaign": one.campaign, "answered": one.answered, "abandoned": one.abandoned}
        facts |= {"percent": round(one.percent, 2), "above": one.percent > args.most}
        facts |= {"sites": "all" if one.all_sites else "this"}
        told = f"{one.campaign}\t{one.abandoned} of {one.answered} answered\t{one.percent:.2f} %"
        print(json.dumps(facts) if args.format == "json" else told + ("\ttoo many" if facts["above"] else ""))
    return 1 if any(one.percent > args.most for one in found) else 0


def _presets() -> int:
    import yaml

    from models.campaign import PRESETS, cap_data

    for name, one in PRESETS.items():
        print(f"# {one.source}{'' if one.verified else ' [unverified]'}")
        found = {"caps": [cap_data(cap) for cap in one.caps], "days": list(one.days)}
        print(yaml.safe_dump({name: {key: value for key, value in found.items() if value}}, sort_keys=False), end="")
    return 0


def _countries(args: Namespace, folder: Path | None) -> int:
    from models.countries import country, known

    found = [one for code in known(folder) if (one := country(code, folder)) is not None]
    if args.format == "json":
        print(json.dumps([{"country": one.code, "as_of": one.as_of, "rules": _sources(one)} for one in found]))
        return 0
    print("No legal advice: what the program does by default, and where it comes from.")
    for one in found:
        print(f"{one.code} {one.name}, as of {one.as_of}")
        for part in _sources(one):
            print(f"  {part['rule']}: {part['source']}{'' if part['verified'] else ' [unverified]'}")
    return 0


def _sources(one: Any) -> list[dict[str, Any]]:
    parts = dict(one.sources)
    for name, region in one.regions.items():
        parts |= {f"{name} {key}": value for key, value in region.sources.items()}
    return [{"rule": key, "source": part.source, "verified": part.verified} for key, part in parts.items()]


def _yaml(campaign: Campaign) -> str:
    import yaml

    from models.campaign import data_of

    return yaml.safe_dump(data_of(campaign), sort_keys=False, allow_unicode=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


_ACTIONS = {
    "add": _put,
    "edit": _put,
    "show": _show,
    "list": _list,
    "export": _export,
    "pause": _change,
    "resume": _change,
    "remove": _change,
    "history": _history,
    "abandoned": _abandoned,
}
