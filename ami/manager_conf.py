"""The least that the listener needs from manager.conf. Pure text.

Asterisk 16 knows `eventfilter` only as a regular expression over the event; 20.11, 21.6 and 22.1 brought
filters by event name and header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ami.events import VARIABLES

_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRET = re.compile(r"[!-:<-~]{8,128}")
_NAMED = re.compile(r"[A-Za-z_][A-Za-z0-9_()]*")

_LEGACY = """\
eventfilter=^Event: (BridgeEnter|DialBegin|DialEnd|Hangup|UserEvent)[[:cntrl:]]
eventfilter=^Event: DTMFEnd[[:cntrl:]].*Direction: Received
"""
_ADVANCED = """\
eventfilter(action(include),name(DTMFEnd),header(Direction),method(exact)) = Received
eventfilter(action(include),name(BridgeEnter)) =
eventfilter(action(include),name(DialBegin)) =
eventfilter(action(include),name(DialEnd)) =
eventfilter(action(include),name(Hangup)) =
eventfilter(action(include),name(UserEvent)) =
"""


def snippet(version: int, user: str, secret: str, *, also: Sequence[str] = (), originate: bool = False) -> str:
    """manager.conf lines for Asterisk `version` (major number), to stand after its [general] section.

    also: names that `channelvars` holds already: the last `channelvars` wins, so they must be named again.
    originate: for callbacks that are placed by themselves.
    Raises ValueError for what manager.conf cannot hold.
    """
    _refuse(user, secret, also)
    return f"""\
[general](+)
; each event of a channel then carries what the gate left on the call
channelvars={",".join([*also, *(name for name in VARIABLES if name not in also)])}
timestampevents=yes

[{user}]
secret={secret}
; without a deny, permit lets everybody in
deny=0.0.0.0/0.0.0.0,::/0
permit=127.0.0.1/255.255.255.255
read=call,dtmf,user
; call: kept key presses are removed from AstDB, an unchecked leg is hung up; reporting: AstDB and channels are read
write=user,call,reporting{",originate" if originate else ""}
; the default of 100 ms cuts off a listener that is busy for a moment
writetimeout=5000
{_ADVANCED if version >= 22 else _LEGACY}"""


def _refuse(user: str, secret: str, also: Sequence[str]) -> None:
    if not _USER.fullmatch(user) or user.lower() == "general":
        raise ValueError(f"{user!r} is no manager user: use letters, digits, - and _, and not 'general'")
    if not _SECRET.fullmatch(secret) or secret.startswith((">", "=")):
        raise ValueError(
            "the manager secret must have 8 to 128 printable ASCII characters, no space and no ';', "
            "and not begin with '>' or '='"
        )
    for name in also:
        if not _NAMED.fullmatch(name):
            raise ValueError(f"{name!r} is no channel variable for channelvars")
