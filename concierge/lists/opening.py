"""The store of the settings, for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from concierge.errors import UserError
from concierge.wiring import prepare_store

if TYPE_CHECKING:
    from concierge.settings import Settings
    from models.store import Store


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """Opened, and closed at the end. Raises UserError."""
    from models.errors import CampaignError, StoreError
    from models.store import Store

    path = prepare_store(settings)
    try:
        store = Store(path)
        try:
            yield store
        finally:
            store.close()
    except (StoreError, CampaignError) as error:
        raise UserError(str(error)) from error
