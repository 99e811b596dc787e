"""What the store can answer instead of an answer.

StoreError                could not read or write; `str()` says what, where and what to do
├── StoreMissing          there is no database at that place
├── StoreOutdated         the database is older than this program: upgrade it
├── StoreTooNew           the database is newer than this program: upgrade the program
├── StoreBusy             locked by another process; passes
├── StoreWaiting          something under way has to come to its end first; passes
└── FeedError             the feed that sites share could not be reached, read or written
"""

from __future__ import annotations


class StoreError(Exception):
    """The store could not be read or written."""


class StoreMissing(StoreError):
    """There is no database at that place."""


class StoreOutdated(StoreError):
    """The database is older than this program."""


class StoreTooNew(StoreError):
    """The database is newer than this program."""


class StoreBusy(StoreError):
    """Another process holds the database; passes."""


class StoreWaiting(StoreError):
    """An import or the other sites have to come to an end first; passes."""


class FeedError(StoreError):
    """The feed that sites share could not be reached, read or written."""


class CampaignError(Exception):
    """A campaign or a rule set that cannot be read: what is wrong, where, what to do. One line per mistake."""
