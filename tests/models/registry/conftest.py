"""Registries in a folder of the test."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from models.registry.blocks import Blocks, Sorted, builder
from models.registry.file import Header
from models.registry.folder import add

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NUMBERS = [14165551234, 14165551235, 12125551234]


def header(name="ftc", country="US", as_of=date(2026, 11, 20)) -> Header:
    return Header(name, "ftc", country, as_of, NOW, "test")


def put(folder, numbers=NUMBERS, kind=None, **more):
    building = (kind or builder)()
    building.add(list(numbers))
    return add(folder, header(**more), building)


@pytest.fixture
def registry(tmp_path) -> SimpleNamespace:
    return SimpleNamespace(
        folder=tmp_path / "registries", put=put, header=header, NOW=NOW, NUMBERS=NUMBERS, kinds=(Blocks, Sorted)
    )
