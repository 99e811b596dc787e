"""Why a call went round the gate, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """How it probably came about, and the remedy."""

    cause: str
    remedy: str


ADVICE = {
    "originated": Advice(
        "originated straight to the trunk: AMI or ARI Originate, a call file, or Originate() in the dialplan",
        "let the dialler originate Local/NUMBER@CONTEXT/n, where CONTEXT calls concierge-outbound; take `originate` "
        "from AMI users that need it not, and own the folder spool/outgoing",
    ),
    "dialled-unchecked": Advice(
        "a Dial in a context that does not ask the gate: a custom context, a forward or a transfer to it",
        "call Gosub(concierge-outbound,s,1(${EXTEN})) before that Dial, or add b(concierge-leg^s^1) to it; "
        "`concierge lint` names the line (C301)",
    ),
    "enum-trunk": Advice(
        "FreePBX's ENUM trunk, which calls no pre-dial hook",
        "`concierge hooks install --freepbx` puts the gate into it",
    ),
    "trunk-destination": Advice(
        "FreePBX's destination ext-trunk, which calls no pre-dial hook",
        "`concierge hooks install --freepbx` puts the gate into it",
    ),
    "trunk-without-hook": Advice(
        "FreePBX's trunk without our pre-dial hook", "run `concierge hooks install --freepbx`, then `fwconsole reload`"
    ),
    "redirected": Advice(
        "the called phone redirected the call to a SIP address (redirect_method=uri_core or uri_pjsip)",
        "set redirect_method=user in pjsip.conf: the call then goes through the dialplan",
    ),
    "stale-permit": Advice(
        "asked for too long before it was dialled, or a permit used again",
        "ask right before the Dial; if the dialplan needs longer, raise gate.fresh",
    ),
    "other-number": Advice(
        "another number was dialled than the one that was asked for",
        "ask for the number that is dialled, e.g. with b(concierge-leg^s^1)",
    ),
    "forged-permit": Advice(
        "a permit that this host has not signed", "look who sets CONCIERGE_PERMIT; a permit is set by the gate alone"
    ),
}


def advice(reason: str) -> Advice:
    """Of a bypass."""
    return ADVICE.get(reason, Advice(reason.replace("-", " "), ""))
