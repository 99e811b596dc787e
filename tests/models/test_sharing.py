"""Caps of all sites in one database, on each engine: two hosts, an outage, shares, and what is told afterwards."""

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from models.campaign import Campaign
from models.caps import Call, Cap, Contact, State
from models.past import past_of
from models.reserving import Full, Reserver, Taken, Terms, Unsure
from models.rules import Case, Frequency, Lead
from models.sharing import Shared, has_room
from models.sync.link import Access

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
N = 48601234567
NOWHERE = Access(URL.create("postgresql", "nobody", host="127.0.0.1", port=1, database="none"), 0.2)


def case(cap, lead=Lead()):  # noqa: B008
    return Case("spring", Campaign("spring", caps=(cap,)), N, zones=("Europe/Warsaw",), lead=lead)


@pytest.fixture
def host(template, tmp_path):
    """`host(site, access)`: a host with a file of its own."""
    opened = []

    def make(site, access, sites=3):
        path = tmp_path / f"{site}.db"
        if not path.exists():
            shutil.copy(template, path)
        terms = Terms(site=site, sites=sites)
        shared = Shared(access, terms)
        reserver = Reserver(path, terms, shared)
        opened.extend([reserver, shared])
        return reserver, shared

    yield make
    for one in opened:
        one.close()


def test_a_cap_holds_for_all_sites_together(host, access):
    one, other = host("warsaw", access)[0], host("lodz", access)[0]
    limit = case(Cap(limit=3, scope="all"))
    found = [reserver.take(limit, NOW) for reserver in (one, other, one, other, one)]
    assert [type(each) for each in found] == [Taken, Taken, Taken, Full, Full]
    assert found[3].next_at is not None


def test_a_person_is_one_at_all_sites(host, access):
    lead = Lead(person="17", matter="d9")
    one, other = host("warsaw", access)[0], host("lodz", access)[0]
    for key in ("person", "matter"):
        only = case(Cap(key=key, limit=1, scope="all", window="7d"), lead)
        assert isinstance(one.take(only, NOW), Taken if key == "person" else Full)
        assert isinstance(other.take(only, NOW), Full)


def test_what_was_released_is_free_at_the_others(host, access):
    (one, shared), (other, _) = host("warsaw", access), host("lodz", access)
    only = case(Cap(limit=1, scope="all"))
    assert isinstance(one.take(only, NOW, uniqueid="1.1"), Taken)
    assert isinstance(other.take(only, NOW), Full)
    one.settle("1.1", {State.RESERVED: State.RELEASED})
    told = one.untold()
    assert [each.state for each, _ in told] == [State.RELEASED]
    shared.tell(told)
    one.told([each for each, _ in told])
    assert one.untold() == []
    assert isinstance(other.take(only, NOW), Taken)


def test_a_check_asks_without_taking(host, access):
    one, shared = host("warsaw", access)
    only = case(Cap(limit=1, scope="all"))
    assert shared.look(only, NOW).elsewhere == ()
    one.take(only, NOW)
    assert isinstance(shared.look(only, NOW + timedelta(seconds=1)), Full)


def test_the_history_of_an_allowed_call_has_the_other_sites_contacts(host, access):
    """Also older than any cap looks back, and none of its own: those it has."""
    (one, told), (other, asked) = host("warsaw", access), host("lodz", access)
    many = case(Cap(limit=9, scope="all", window="24h"))
    days = [NOW - timedelta(days=age) for age in (40, 20, 3)]
    for at in days:
        one.take(many, at, uniqueid=str(at))
        one.settle(str(at), {State.RESERVED: State.CONVERSATION}, outcome="refused")
    told.tell(one.untold())
    for found in (asked.look(many, NOW), other.take(many, NOW)):
        assert isinstance(found, Taken)
        known = replace(many, contacts=found.elsewhere)
        past = past_of(known, NOW)
        assert (past.last_at, past.last_outcome, past.within_30_days) == (days[2], "refused", 2)
        assert past.refusals == ("spring",)
    again = one.take(many, NOW + timedelta(minutes=1))
    assert [each.site for each in again.elsewhere] == ["lodz"]


def test_without_a_share_nothing_is_taken_while_the_database_is_away(host):
    found = host("warsaw", NOWHERE)[0].take(case(Cap(limit=3)), NOW)
    assert isinstance(found, Unsure)
    assert "shared database is away" in found.why


def test_a_campaign_without_caps_goes_on_while_the_database_is_away(host):
    free = Case("spring", Campaign("spring"), N)
    assert isinstance(host("warsaw", NOWHERE)[0].take(free, NOW), Taken)


def test_an_outage_with_shares_never_ends_above_the_cap(host, access):
    """Three sites, a limit of 4, one each in an outage: what is taken before, in it and after it is 4 at most."""
    limit = case(Cap(limit=4, scope="all", share=1))
    before = [host("warsaw", access)[0].take(limit, NOW) for _ in range(4)]
    assert [type(each) for each in before] == [Taken, Taken, Full, Full]  # two are left to the two other sites
    away = [[host(site, NOWHERE)[0].take(limit, NOW) for _ in range(2)] for site in ("warsaw", "lodz", "radom")]
    assert [[type(each) for each in found] for found in away] == [[Unsure, Unsure], [Taken, Unsure], [Taken, Unsure]]
    for site in ("warsaw", "lodz", "radom"):
        assert isinstance(host(site, access)[0].take(limit, NOW), Full)
    with closing(Shared(access, Terms())) as shared:
        known = [each for each in shared.known(limit, NOW) if each.state is not State.RELEASED]
    assert len(known) <= 4


CAP = Cap(limit=6, scope="all", share=2)
sites = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(sites, st.booleans()), max_size=40))
def test_whatever_outages_there_are_the_limit_is_kept(happening):
    """Each step a site takes one, with the database or without; what it took alone is told when it next has it."""
    shared: list[Contact] = []
    own: dict[str, list[Contact]] = {"a": [], "b": [], "c": []}
    call = Call(N, "spring")
    for number, (site, away) in enumerate(happening):
        one = Contact(str(number), N, NOW, "spring", site=site)
        if away:
            if len(own[site]) < 2:
                own[site].append(one)
            continue
        shared += [each for each in own[site] if each not in shared]
        if has_room(Frequency(CAP, call, tuple(shared)), site, 3, NOW):
            shared.append(one)
            own[site].append(one)
    assert sum(map(len, own.values())) <= 6


def test_the_tool_that_fires_from_many_processes(on_postgresql, tmp_path):
    """A share of tests/fuzz/caps.py: three processes of three sites, twelve numbers, on a real PostgreSQL."""
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[1] / "fuzz/caps.py"
    spec = importlib.util.spec_from_file_location("caps", path)
    tool = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["caps"] = tool  # the processes find it by this name
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(tool)
        args = tool.parser().parse_args(["--processes", "3", "--numbers", "12", "--calls", "40", "--seconds", "60"])
        url = on_postgresql.url.render_as_string(hide_password=False)
        counts, unsure, _ = tool.burst(url, tmp_path, args)
    finally:
        sys.path.remove(str(path.parent))
        del sys.modules["caps"]
    assert (max(counts.values()), unsure) == (3, 0)
    assert len(counts) == 12


def test_a_contact_of_a_site_whose_clock_is_ahead_counts(host, access):
    one, other = host("warsaw", access)[0], host("lodz", access)[0]
    limit = case(Cap(limit=1, scope="all"))
    assert isinstance(one.take(limit, NOW + timedelta(seconds=2)), Taken)
    assert isinstance(other.take(limit, NOW), Full)
