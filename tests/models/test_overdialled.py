"""An exchange ignores digits that are dialled too many: the listed person would be called all the same."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from concierge.wiring import upgrade_store
from models.contact import Question
from models.gate import Judge
from models.number import Site
from models.policy import Reason
from models.reader import Reader
from models.store import Store
from models.suppression import ALL, Kind, ListEvent


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    path = tmp_path / "list.db"
    upgrade_store(path)
    with closing(Store(path)) as store:
        for number in (48600100200, 4930123456):
            store.record(ListEvent(uuid4(), Kind.ADD, number, ALL, datetime.now(UTC), "asked", "letter"))
    return Judge(Reader(path), Site(country="PL"))


@pytest.mark.parametrize("dialled", ["+486001002001", "6001002001"])
def test_a_listed_number_with_digits_too_many_is_refused(judge: Judge, dialled: str) -> None:
    assert judge.answer(Question(dialled)).decision.reason is Reason.LISTED


def test_a_longer_number_that_exists_is_another_subscriber(judge: Judge) -> None:
    assert judge.answer(Question("+4930123456")).decision.reason is Reason.LISTED
    assert judge.answer(Question("+493012345678")).decision.reason is Reason.NOT_LISTED


def test_other_numbers_are_free(judge: Judge) -> None:
    assert judge.answer(Question("+48600100201")).decision.reason is Reason.NOT_LISTED
