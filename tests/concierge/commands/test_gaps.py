"""`concierge gaps`: what may be missing is named, and stays named until a person has looked into it."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from models.gap import GapKind, GapState, ListeningGap, put
from models.store import Store

BEGAN = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
LOST = ListeningGap(
    uuid4(), "pbx", GapKind.DISCONNECTED, BEGAN, "closed by Asterisk", BEGAN + timedelta(seconds=4.5),
    state=GapState.UNRECONCILED, how="the dialplan keeps nothing",
)  # fmt: skip


@pytest.fixture
def path(config, tmp_path, concierge):
    made = config(f"store: {{path: {tmp_path}/list.db}}\n")
    assert concierge("db", "upgrade", "--config", made).returncode == 0
    return made


@pytest.fixture
def keep(path, tmp_path):
    def write(*gaps):
        with closing(Store(tmp_path / "list.db")) as store:
            for gap in gaps:
                put(store, gap)

    return write


def test_without_a_gap_nothing_can_be_missing_where_somebody_listens(path, concierge):
    done = concierge("gaps", "--config", path)
    assert (done.returncode, done.stdout.startswith("no gap is known, for nobody listens")) == (0, True)
    path.write_text(path.read_text() + "ami: {user: concierge}\n")
    done = concierge("gaps", "--config", path)
    assert (done.returncode, done.stdout.startswith("no key press can be missing")) == (0, True)


def test_it_is_named_settled_and_then_shown_only_with_all(path, keep, concierge):
    keep(LOST, replace(LOST, gap_id=uuid4(), state=GapState.RECONCILED))
    done = concierge("gaps", "--config", path)
    assert done.returncode == 1
    assert "4.500 s  pbx  disconnected (closed by Asterisk): unreconciled" in done.stdout
    assert done.stdout.count("the dialplan keeps nothing") == 1
    done = concierge("gaps", "--settle", LOST.gap_id, "--reason", "asked both persons", "--config", path)
    assert done.returncode == 0
    keep(LOST)  # what a person has settled stays settled
    shown = json.loads(concierge("gaps", "--all", "--format", "json", "--config", path).stdout)
    assert sorted(one["state"] for one in shown) == ["reconciled", "settled"]
    assert "asked both persons" in [one["how"] for one in shown]
    assert json.loads(concierge("gaps", "--format", "json", "--config", path).stdout) == []


def test_one_that_goes_on_cannot_be_settled(path, keep, concierge):
    keep(replace(LOST, ended=None, state=GapState.OPEN))
    done = concierge("gaps", "--settle", LOST.gap_id, "--reason", "x", "--config", path)
    assert (done.returncode, "it is not over" in done.stderr) == (2, True)
    assert "goes on" in concierge("gaps", "--config", path).stdout
    assert concierge("gaps", "--settle", LOST.gap_id, "--config", path).returncode == 2


def test_older_ones_can_be_left_out(path, keep, concierge):
    keep(LOST)
    assert concierge("gaps", "--since", "2026-11-22T06:00+00:00", "--config", path).returncode == 0
    assert concierge("gaps", "--since", "2026-11-22T05:00+00:00", "--config", path).returncode == 1


def test_doctor_says_it(path, keep, concierge):
    keep(LOST)
    found = {one["name"]: one for one in json.loads(concierge("doctor", "--json", "--config", path).stdout)}
    assert found["listening gaps"]["state"] == "failed"
    assert "the dialplan keeps nothing" in found["listening gaps"]["seen"]


@pytest.mark.parametrize(("option", "words"), [("--since", "'4' is no time"), ("--settle", "'4' is no gap")])
def test_what_is_wrong_is_said_in_words(path, concierge, option, words):
    done = concierge("gaps", option, "4", "--config", path)
    assert done.returncode == 2 and words in done.stderr
