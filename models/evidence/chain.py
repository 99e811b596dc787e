"""PURE: digests of rows, links of the chain, signatures. SHA-256 over JSON in ASCII, so that anybody can recompute it.

The digest of a row is over `["SOURCE", value, ...]` in the order of `models.evidence.sources`. The root of a link is
the SHA-256 over its rows' digests one after the other, or over its payload; `chain` is over the chain before and the
link's own fields. The signature is HMAC-SHA256: in the standard library, 2 microseconds, and whoever has no key can
still recompute the chain and compare it with a checkpoint that was printed or logged elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

START = b""  # the chain before the first link
LEAF = 8  # bytes of each row's digest that a link keeps to say which of its rows was changed

REMOVAL = "removal"  # a link that says which rows were removed, and why

_json = json.JSONEncoder(separators=(",", ":"), default=repr).encode


@dataclass(frozen=True, slots=True)
class Link:
    """`count` rows of `source` from sequence number `first` to `last`, or a payload. `at`: microseconds since 1970."""

    position: int
    source: str
    first: int
    last: int
    count: int
    root: bytes
    at: int
    payload: str = ""
    leaves: bytes = b""
    chain: bytes = b""
    mac: bytes = b""


def row_digests(source: str, rows: Sequence[Sequence[object]]) -> list[bytes]:
    """Of some rows: each an array of plain values, the last one perhaps an object of them.

    They are written as one JSON text, a third faster, and taken apart where one row ends and the next one begins: in a
    text the quote there would stand behind a backslash.
    """
    if not rows:
        return []
    begin = f"[{_json(source)},"
    texts = _json([[source, *one] for one in rows])[1 + len(begin) : -2].split(f"],{begin}")
    return [hashlib.sha256(f"{begin}{one}]".encode()).digest() for one in texts]


def root_of(digests: Iterable[bytes]) -> bytes:
    """Of the rows of one link, in their order."""
    return hashlib.sha256(b"".join(digests)).digest()


def payload_root(payload: str) -> bytes:
    """Of a link that has a payload instead of rows."""
    return hashlib.sha256(payload.encode("utf-8", "surrogateescape")).digest()


def leaves_of(digests: Iterable[bytes]) -> bytes:
    """What is enough to tell one row's digest from another."""
    return b"".join(digest[:LEAF] for digest in digests)


def chain_of(before: bytes, link: Link) -> bytes:
    """The chain up to and with this link."""
    digests = link.root.hex(), link.leaves.hex()
    own = [link.position, link.source, link.first, link.last, link.count, *digests, link.at]
    return hashlib.sha256(before + _json(own).encode()).digest()


def sign(key: bytes, chain: bytes) -> bytes:
    """The signature of everything up to a link."""
    return hmac.digest(key, chain, "sha256")
