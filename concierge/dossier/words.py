"""What the stable words of decisions and bypasses mean, in a sentence that a person outside understands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.until import told

REASONS = {
    "not-listed": "nothing stood against a call",
    "emergency": "an emergency number, which is never refused",
    "short-code": "a short code of the network, nobody's telephone",
    "internal": "an extension of the house",
    "allowed-in-range": "the number is listed within a range, and excepted from it",
    "listed": "the number is on the do-not-call list",
    "listed-for-campaign": "the number is on the do-not-call list for this campaign",
    "number-unreadable": "what was dialled is no telephone number",
    "opt-out-pending": "the person had just pressed the key that means no more calls",
    "campaign-unreadable": "the name of the campaign could not be read",
    "campaign-missing": "the call named no campaign",
    "list-unavailable": "the list could not be read, so the call was not placed",
    "list-stale": "the list had not been compared with the other sites for too long",
    "evidence-unavailable": "no evidence of the call could have been kept, so it was not placed",
    "listed-in-registry": "the number is in a national do-not-call registry",
    "registry-stale": "the national registry on this host was too old",
    "registry-unavailable": "the national registry could not be read",
}

_VIA = {
    "agi": "asked by the telephone system before dialling",
    "script": "asked by the telephone system before dialling",
    "http": "asked by a program over HTTP",
    "cli": "asked by a person at the command line; no call",
    "scrub": "asked for a lead list; no call",
}


def meaning(reason: str, detail: str) -> str:
    """Of a decision."""
    told = REASONS.get(reason, reason.replace("-", " "))
    return f"{told} ({detail})" if detail else told


def told_of_check(row: dict[str, Any]) -> str:
    """One sentence about a check."""
    outcome = "Allowed" if row["verdict"] == "ALLOW" else "Refused"
    campaign = f", campaign {row['campaign']}" if row["campaign"] else ""
    return f"{outcome}: {meaning(row['reason'], row['detail'])}{campaign}; {_VIA.get(row['via'], row['via'])}"


def told_of_event(row: dict[str, Any]) -> str:
    """One sentence about a listing or a removal."""
    scope = f"campaign {row['campaign']}" if row["campaign"] else "all campaigns"
    if row["kind"] == "remove":
        what = f"Taken off the list ({scope})"
    elif row["allow"]:
        what = f"May be called although a range is listed ({scope})"
    else:
        what = f"Put on the do-not-call list ({scope})"
    who = f", by {row['actor']}" if row["actor"] else ""
    until = f", until {told(datetime.fromisoformat(row['until']))}" if row["until"] else ""
    return f"{what}: {row['reason']}; source: {row['source']}{who}{until}"
