"""Which rows are evidence. A table joins by a line here; a column that is added later joins `later` with its default,
and the digests of older rows stay what they are (tested against the tables).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.evidence.chain import row_digests


@dataclass(frozen=True, slots=True)
class Source:
    """`columns` begin with the sequence number. `unbound`: columns that may change at any time and prove nothing.

    `mutable`: a row may change; each change is a link, and the newest one counts. Else a row is sealed once.
    """

    name: str
    table: str
    columns: Sequence[str]
    later: Mapping[str, object] = field(default_factory=dict)
    unbound: Sequence[str] = ()
    mutable: bool = False

    @property
    def select(self) -> str:
        """`SELECT` of all bound columns, without a condition."""
        return f"SELECT {', '.join([*self.columns, *self.later])} FROM {self.table}"  # noqa: S608 - names of ours

    def digest(self, row: Sequence[object]) -> bytes:
        """Of a row as `select` gives it."""
        return self.digests([row])[0]

    def digests(self, rows: Sequence[Sequence[object]]) -> list[bytes]:
        """Of rows as `select` gives them."""
        return row_digests(self.name, [self._told(row) for row in rows] if self.later else rows)

    def _told(self, row: Sequence[object]) -> Sequence[object]:
        """With the later columns that differ from their default as one object at the end, if there are any."""
        size = len(self.columns)
        pairs = zip(self.later.items(), row[size:], strict=True)
        later = {name: value for (name, default), value in pairs if value != default or type(value) is float}
        return [*row[:size], {name: later[name] for name in sorted(later)}] if later else row[:size]


CHECK = "check"
EVENT = "event"
IMPORT = "import"
BYPASS = "bypass"
WITNESS = "witness"
GAP = "gap"
FACT = "fact"

_ALL = (
    Source(
        CHECK,
        "call_check",
        (
            *("seq", "at", "recorded_at", "dialled", "number", "campaign", "verdict", "reason", "detail", "entry_id"),
            *("via", "caller", "channel", "uniqueid"),
        ),
    ),
    Source(
        EVENT,
        "list_event",
        (
            *("seq", "event_id", "kind", "number", "campaign", "at", "recorded_at", "expires_at", "reason", "source"),
            *("actor", "evidence", "last", "allow", "batch", "removes", "site"),
        ),
    ),
    Source(
        IMPORT,
        "batch",
        (
            *("seq", "id", "content", "state", "name", "format", "actor", "at", "listings", "refused", "undone_at"),
            *("undone_by", "site"),
        ),
        unbound=("feed_state",),
        mutable=True,
    ),
    Source(
        BYPASS,
        "bypass",
        (
            *("seq", "at", "recorded_at", "system", "number", "dialled", "channel", "uniqueid", "linkedid"),
            *("caller", "place", "campaign", "reason", "action", "took_ms"),
        ),
    ),
    Source(
        WITNESS,
        "event_witness",
        ("seq", "report_id", "event_id", "witness", "press", "at", "recorded_at", "fraction", "evidence"),
    ),
    Source(
        GAP,
        "listening_gap",
        (
            *("seq", "gap_id", "system", "kind", "began", "ended", "reason", "missed", "state", "how", "channel"),
            *("settled_at",),
        ),
        mutable=True,
    ),
    Source(
        FACT,
        "fact",
        ("seq", "event_id", "kind", "number", "subject", "at", "recorded_at", "source", "actor", "body", "site"),
    ),
)
SOURCES: Mapping[str, Source] = {one.name: one for one in _ALL}
