"""The gaps of the listeners, in the list's own file, through its one writer."""

from __future__ import annotations

from datetime import datetime

from models import gap as gaps
from models.gap import GapState, ListeningGap
from models.journal import Journal
from models.store import Store


class GapStore:
    """As `ami.gaps` wants it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def put(self, gap: ListeningGap) -> None:
        """Durable on return. Raises StoreError."""

        await self._journal.do(lambda store: gaps.put(store, gap))

    async def unfinished(self, system: str) -> list[ListeningGap]:
        """Those that nobody has looked into. Raises StoreError."""

        def read(store: Store) -> list[ListeningGap]:
            with store.reading() as connection:
                return gaps.gaps(connection, [GapState.OPEN], system)

        return await self._journal.do(read)

    async def campaign_calls(self, began: datetime, ended: datetime) -> int:
        """Allowed by the gate in this time. Raises StoreError."""

        def read(store: Store) -> int:
            with store.reading() as connection:
                return gaps.campaign_calls(connection, began, ended)

        return await self._journal.do(read)
