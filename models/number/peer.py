"""PURE: which number is dialled in a leg of a Dial?"""

from __future__ import annotations

import re

_URI = re.compile(r"(?:sips?|tel):.*", re.IGNORECASE)


def dialled_in(peer: str) -> str:
    """A leg's dial string without its technology -> what is dialled in it.

    `48600100200@trunk`, `trunk/sip:+48600100200@host`, `trunk/48600100200` (technologies with the trunk in front).
    """
    uri = _URI.search(peer)
    if uri:
        return uri[0]
    number = peer.rpartition("@")[0] or peer
    return number.partition("/")[2] or number
