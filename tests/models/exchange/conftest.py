"""Files as bytes, read to the end."""

import io
from types import SimpleNamespace

import pytest

from models.exchange.formats import FORMATS, Options
from models.exchange.intake import read_rows
from models.exchange.kinds import Listed, Refused
from models.number import Site


class Read(SimpleNamespace):
    """`numbers` and `refused` of one file, in order."""

    @property
    def whys(self):
        return {one.line: one.why for one in self.refused}


def read_all(name: str, data: bytes | str, country: str = "PL", **options) -> Read:
    data = data.encode() if isinstance(data, str) else data
    items = FORMATS[name].read(io.BytesIO(data), Options(**options))
    found = list(read_rows(items, Site(country=country)))
    listed = [one for one in found if not isinstance(one, Refused)]
    return Read(
        lines=[line for line, _ in listed],
        entries=[entry for _, entry in listed],
        numbers=[entry.number for _, entry in listed],
        refused=[one for one in found if isinstance(one, Refused)],
    )


def write_all(name: str, entries, **options) -> tuple[bytes, list[Refused]]:
    stream = io.BytesIO()
    refused = list(FORMATS[name].write(entries, stream, Options(**options)))
    return stream.getvalue(), refused


@pytest.fixture
def read():
    return read_all


@pytest.fixture
def write():
    return write_all


@pytest.fixture
def listed():
    return Listed
