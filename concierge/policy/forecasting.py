"""A forecaster from the settings: for `policy simulate|diff`, and for a scrub at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from concierge.errors import UserError
from concierge.wiring import folder_of, judge_of, registries_of

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.campaign import Campaign
    from models.forecast import Forecaster, Span


def forecaster_of(settings: Settings, store: Any, name: str, span: Span) -> Forecaster:
    """For a campaign that is defined, or one of a YAML file. Raises UserError, StoreError."""
    from models.forecast import Forecaster, Ground
    from models.rules import Demand

    gate = settings.gate
    demand = Demand(gate.require_reason, gate.unknown_campaign == "refuse")
    ground = Ground(judge_of(settings, store.path), campaign_named(store, name), demand, folder_of(settings))
    return Forecaster(ground, store, registries_of(settings, store.path), span)


def campaign_named(store: Any, name: str) -> Campaign:
    """Raises UserError."""
    from concierge.commands.campaign import defined, read_file

    if name.endswith((".yaml", ".yml")):
        found = read_file(name)
        if len(found) != 1:
            raise UserError(f"{name}: {len(found)} campaigns; name a file with one")
        return found[0]
    campaign = defined(store).get(name.lower())
    if campaign is None:
        raise UserError(f"there is no campaign {name!r}; see `concierge campaign list`, or name a YAML file")
    return campaign
