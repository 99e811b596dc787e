"""Opt-out keys that only some campaigns have: does the dialplan keep and confirm them too?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from concierge.doctor.files import read_sections
from concierge.doctor.finding import Finding, failed, ok
from concierge.settings import Settings
from dialplan.plan import UnreadableError, load
from models.demands import feature_of
from models.errors import CampaignError, StoreError
from models.facts import CAMPAIGN, campaigns_of, read
from models.store import Store

_NAME = "opt-out keys of campaigns"
_ALONE = "only the manager interface hears it: the person is told nothing, and it is lost while the daemon is away"


def check_keys(settings: Settings, path: Path, etc: Path) -> Iterator[Finding]:
    """Nothing where no campaign has a key of its own, and where the list or the dialplan cannot be read: those are
    other findings."""
    own = _own(settings, path)
    sections = read_sections(etc / "features.conf")
    marking = _marking(etc / "extensions.conf")
    if not own or sections is None or marking is None:
        return
    mapped = sections.get("applicationmap", {})
    alone = [(key, name) for key, name in own if feature_of(key) not in mapped or "CONCIERGE_KEYS" not in marking]
    if alone:
        named = ", ".join(f"{key} of {name}" for key, name in alone)
        yield failed(_NAME, f"{named}: {_ALONE}", "`concierge hooks install --reload`: the hooks are older than this")
    else:
        yield ok(_NAME, ", ".join(f"{key} of {name}" for key, name in own))


def _own(settings: Settings, path: Path) -> list[tuple[str, str]]:
    """Keys beside those of the settings, each with its campaign."""
    try:
        with closing(Store(path)) as store:
            campaigns = campaigns_of(read(store, CAMPAIGN))
    except (StoreError, CampaignError, ValueError):
        return []
    known = settings.opt_out.digits
    return [(key, one.name) for _, one in sorted(campaigns.items()) for key in one.opt_out.digits if key not in known]


def _marking(path: Path) -> str | None:
    """What marks a called leg; None without it."""
    try:
        context = load(path).contexts.get("concierge-mark")
    except UnreadableError:
        return None
    if context is None:
        return None
    return " ".join(step.data for extension in context.extensions for step in extension.steps.values())
