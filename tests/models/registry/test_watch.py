"""During a call: what the registries say, and that it is never behind the folder."""

import threading
from datetime import date, timedelta

import pytest

from models.policy import RegistryState
from models.registry import watch
from models.registry.folder import file_of, remove
from models.registry.watch import Registries

LISTED, STALE, UNAVAILABLE = RegistryState.LISTED, RegistryState.STALE, RegistryState.UNAVAILABLE
CANADA, USA, UK = 14165551234, 12125551234, 442073787244


@pytest.fixture
def states(registry):
    registries = Registries(registry.folder)

    def ask(number, at=registry.NOW, asked=registries):
        return [one.state for one in asked.look_up(number, at)]

    ask.registries = registries
    return ask


def test_what_is_added_swapped_and_removed_holds_for_the_next_call(registry, states):
    assert states(USA) == []
    for _ in range(20):
        registry.put(registry.folder, [USA])
        assert (states(USA), states(USA + 1)) == ([LISTED], [])
        registry.put(registry.folder, [USA + 1])
        assert (states(USA), states(USA + 1)) == ([], [LISTED])
        remove(registry.folder, "ftc")
        assert (states(USA), states(USA + 1)) == ([], [])


def test_the_detail_names_the_registry_and_its_day(registry, states):
    registry.put(registry.folder)
    [found] = states.registries.look_up(USA, registry.NOW)
    assert (found.registry, found.detail) == ("ftc", "registry ftc of US, as of 2026-11-20")


@pytest.mark.parametrize(
    ("country", "days", "number"), [("US", 31, USA), ("CA", 31, CANADA), ("GB", 28, UK), ("AU", 30, 61212345678)]
)
def test_each_country_has_its_age(registry, states, country, days, number):
    registry.put(registry.folder, [1], name="r", country=country, as_of=registry.NOW.date() - timedelta(days=days))
    assert states(number) == []
    assert states(number, registry.NOW + timedelta(days=1)) == [STALE]


def test_a_country_without_a_limit_is_never_too_old(registry, states):
    registry.put(registry.folder, [1], name="r", country="PL", as_of=date(2000, 1, 1))
    assert states(48600100200) == []


@pytest.mark.parametrize(
    ("number", "stale"),
    [
        (USA, True),
        (CANADA, False),
        (17872345678, True),  # Puerto Rico
        (18002345678, True),  # toll free, of no single country
        (12425551234, False),  # Bahamas
        (19995551234, True),  # in no plan
        (48600100200, False),
    ],
)
def test_an_old_registry_of_the_usa_stops_calls_to_the_usa_only(registry, states, number, stale):
    registry.put(registry.folder, [1], as_of=date(2020, 1, 1))
    assert states(number) == ([STALE] if stale else [])


def test_a_listed_number_of_an_old_registry_is_listed(registry, states):
    registry.put(registry.folder, as_of=date(2020, 1, 1))
    assert states(USA) == [LISTED, STALE]


def test_surplus_digits_ring_the_listed_number(registry, states):
    registry.put(registry.folder, [USA])
    assert states(USA * 10 + 5) == [LISTED]
    registry.put(registry.folder, [4930123456], name="de", country="DE")
    assert states(49301234567) == [], "a number of its own"


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped", "unreadable manifest", "lost manifest", "lost folder"])
def test_what_cannot_be_read_stops_the_calls_that_need_it(registry, states, harm):
    written = registry.put(registry.folder)
    assert states(USA + 1) == []
    path, manifest = registry.folder / file_of(written), registry.folder / "manifest"
    whole = path.read_bytes()
    path.unlink()
    if harm == "cut":
        path.write_bytes(whole[:-1])
    elif harm == "flipped":
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif harm == "unreadable manifest":
        manifest.unlink()
        manifest.write_bytes(b"rubbish")
    elif harm == "lost manifest":
        path.write_bytes(whole)
        manifest.unlink()
    elif harm == "lost folder":
        registry.folder.rename(registry.folder.with_name("elsewhere"))
    for asked in (states.registries, Registries(registry.folder)):
        if harm == "lost folder" and asked is not states.registries:
            continue  # nobody can know
        if harm in ("cut", "flipped") and asked is states.registries:
            assert states(USA) == [LISTED], "what was found whole is in memory"
            continue
        assert states(USA + 1, asked=asked) == [UNAVAILABLE]
        if harm in ("missing", "cut", "flipped"):
            assert states(48600100200, asked=asked) == []
        else:
            assert states(48600100200, asked=asked) == [UNAVAILABLE]


def test_what_is_put_right_is_right_at_the_next_call(registry, states):
    written = registry.put(registry.folder)
    path = registry.folder / file_of(written)
    whole = path.read_bytes()
    path.unlink()
    assert states(USA + 1) == [UNAVAILABLE]
    path.write_bytes(whole)
    assert (states(USA + 1), states(USA)) == ([], [LISTED])


def test_while_a_large_one_is_loaded_the_one_before_it_answers(registry, wait, monkeypatch):
    monkeypatch.setattr(watch, "_AT_ONCE", 0)
    gate, load = threading.Event(), watch.load

    def slowly(path, expected, **more):
        assert threading.current_thread() is not threading.main_thread()
        assert gate.wait(10)
        return load(path, expected, **more)

    monkeypatch.setattr(watch, "load", slowly)
    registries = Registries(registry.folder, background=True)

    def states(number):
        return [one.state for one in registries.look_up(number, registry.NOW)]

    registry.put(registry.folder, [USA])
    assert states(USA + 7) == [UNAVAILABLE]
    gate.set()
    wait.until_now(lambda: states(USA) == [LISTED])
    gate.clear()
    registry.put(registry.folder, [USA + 1])
    for _ in range(3):
        assert (states(USA), states(USA + 1)) == ([LISTED], [])
    gate.set()
    wait.until_now(lambda: states(USA + 1) == [LISTED])
    assert states(USA) == []


def test_a_process_of_one_question_says_the_same(registry, states):
    numbers = [USA, USA + 3, 19175551234]
    written = registry.put(registry.folder, numbers)
    single = Registries(registry.folder, single=True)
    for number in (USA, USA + 1, USA * 10, CANADA, 48600100200):
        assert states(number, asked=single) == states(number)
    path = registry.folder / file_of(written)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    found = [states(number, asked=Registries(registry.folder, single=True)) for number in numbers]
    assert [UNAVAILABLE] in found, "the block with the wrong bit"
    assert all(one in ([UNAVAILABLE], [LISTED]) for one in found)


def test_a_service_waits_for_what_is_there_when_it_starts(registry, monkeypatch):
    monkeypatch.setattr(watch, "_AT_ONCE", 0)
    registry.put(registry.folder)
    registries = Registries(registry.folder, background=True)
    registries.begin()()
    assert [one.state for one in registries.look_up(USA, registry.NOW)] == [LISTED]


def test_many_numbers_at_once_leave_out_only_what_has_nothing_against_it(registry, states):
    registry.put(registry.folder, [USA])
    registry.put(registry.folder, [1], name="tps", country="GB", as_of=date(2020, 1, 1))
    asked = [USA, USA + 1, CANADA, UK, 48600100200, USA * 10]
    suspects = states.registries.suspects(asked, registry.NOW)
    assert suspects >= {one for one in asked if states(one)}
    assert 48600100200 not in suspects
    assert USA + 1 not in suspects
