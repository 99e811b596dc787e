"""Who opts out takes the consent back too, in the same transaction: by key, or through an agent who lists the number.

An opt-out for all campaigns takes back everything that stands; one for a campaign, what that campaign would rest on. So
a removal from the list gives nobody a consent back that the person no longer means. A consent that was given before an
opt-out and became known after it (another site's, an imported one) is taken back where it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, bindparam, or_, select

from models.campaign import Campaign
from models.consent import CALL, EVERYTHING, Act, ConsentEvent, Standing, standing
from models.facts import (
    CAMPAIGN,
    CAMPAIGNS,
    CONSENTS,
    OF_NUMBER,
    append,
    campaigns_of,
    consent_of,
    fact_of,
    of_row,
    read,
)
from models.query import Query
from models.rows import EVENT_COLUMNS, event_from_values
from models.rules import topics_of
from models.statements import driver_of
from models.store import Store
from models.suppression import ALL, Kind, ListEvent
from models.tables import list_event

BY_PERSON = frozenset({"key", "code", "dnc-line"})  # sources of listings that are the person's own word
OPT_OUTS = Query(
    select(*(list_event.c[name] for name in EVENT_COLUMNS))
    .where(
        list_event.c.number == bindparam("n"),
        list_event.c.kind == Kind.ADD.value,
        list_event.c.allow == 0,
        or_(*(list_event.c.source == one for one in sorted(BY_PERSON))),
    )
    .order_by(list_event.c.at)
)


def withdraw(connection: Connection, happened: ListEvent) -> bool:
    """What a new listing takes back, in its transaction. Was there anything? Raises ValueError, and as the driver."""
    if happened.kind is not Kind.ADD or happened.allow or happened.source not in BY_PERSON:
        return False
    driver = driver_of(connection)
    rows = OF_NUMBER.rows(driver, n=happened.number)
    consents = [consent_of(of_row(row)) for row in rows if row[2] in CONSENTS]
    if not any(one.act is Act.GRANT for one in consents):
        return False
    campaign = None
    if happened.campaign != ALL:
        campaigns = campaigns_of([of_row(row) for row in CAMPAIGNS.rows(driver)])
        campaign = campaigns.get(happened.campaign.lower(), Campaign(happened.campaign))
    made = withdrawal(happened, campaign, consents)
    return made is not None and append(connection, [fact_of(made)]) > 0


def late(
    opt_outs: Iterable[ListEvent], campaigns: Mapping[str, Campaign], consents: Sequence[ConsentEvent]
) -> list[ConsentEvent]:
    """PURE: what opt-outs take back besides the withdrawals that are recorded. `campaigns`: by lower-case name."""
    found: list[ConsentEvent] = []
    for one in opt_outs:
        scope = None if one.campaign == ALL else campaigns.get(one.campaign.lower(), Campaign(one.campaign))
        made = withdrawal(one, scope, [*consents, *found])
        found += [made] if made is not None else []
    return found


def consents_of(store: Store, number: int) -> list[ConsentEvent]:
    """Of one number, in the order of recording; then what its opt-outs take back besides. Raises StoreError."""
    found = [consent_of(one) for one in read(store, *CONSENTS, number=number)]
    if not any(one.act is Act.GRANT for one in found):
        return found
    with store.reading() as connection:
        opt_outs = [event_from_values(row) for row in OPT_OUTS.rows(driver_of(connection), n=number)]
    return found + late(opt_outs, campaigns_of(read(store, CAMPAIGN)), found)


def withdrawal(happened: ListEvent, campaign: Campaign | None, consents: Sequence[ConsentEvent]) -> ConsentEvent | None:
    """PURE: what the listing takes back, None when nothing stands. `campaign`: the one that it is limited to."""
    topic = EVERYTHING
    if campaign is None:
        granted = [one.topic for one in consents if one.act is Act.GRANT]
        stands = any(standing(consents, (one,), happened.at).standing is Standing.GIVEN for one in granted)
    else:
        topic, asked = campaign.topic, standing(consents, topics_of(campaign), happened.at).standing
        stands = asked is Standing.GIVEN and campaign.consent != "not-needed"
    if not stands:
        return None
    return ConsentEvent(
        uuid5(NAMESPACE_URL, f"concierge:withdrawal:{happened.event_id}"),
        Act.WITHDRAW,
        happened.number,
        happened.at,
        happened.source,
        topic,
        CALL,
        f"opt-out {happened.event_id}",
        happened.actor,
    )
