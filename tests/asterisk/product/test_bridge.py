"""FreePBX's inbound blacklist in the AstDB of a real Asterisk, and the list: both ways, by the daemon and by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import yaml
from sqlalchemy import delete

from concierge.cli import main
from concierge.lab.site import Site
from concierge.lab.wait import wait_until
from concierge.settings import load
from concierge.wiring import judge_of
from models.contact import Question
from models.store import Store
from models.suppression import ALL, Kind, ListEvent
from models.tables import astdb_key, entry, list_event

pytestmark = pytest.mark.asterisk

USERS = """
[reader]
secret=reader-secret-1
permit=127.0.0.1/255.255.255.255
write=reporting

[writer]
secret=writer-secret-1
permit=127.0.0.1/255.255.255.255
write=system

[commander]
secret=commander-secret-1
permit=127.0.0.1/255.255.255.255
write=command
"""


@pytest.fixture(scope="module")
def site(asterisk_version: str) -> Iterator[Site]:
    with Site(asterisk_version, manager=USERS) as made:
        made.stop_daemon()
        yield made


@pytest.fixture(autouse=True)
def quiet(site: Site) -> Iterator[None]:
    """Nothing is there, and nothing is remembered."""
    kept = site.config.read_text()
    yield
    site.stop_daemon()
    site.config.write_text(kept)
    for family in ("blacklist", "concierge-bridge"):
        site.pbx.cli(f"database deltree {family}")
    with closing(Store(site.store)) as store, store.writing() as connection:
        for table in (astdb_key, entry, list_event):
            connection.execute(delete(table))


@pytest.fixture
def bridge(site: Site, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """`bridge("both", …)`: one pass in this mode, by hand; its exit code and what it said."""

    def run(mode: str, *arguments: str, user: str = "writer", **more: object) -> tuple[int, str]:
        configure(site, mode, user, **more)
        capsys.readouterr()
        code = main(["list", "bridge", *arguments, "--config", str(site.config)])
        said = "".join(capsys.readouterr())
        assert code in (0, 1, 2), said
        return code, said

    return run


@pytest.fixture
def list_number(site: Site) -> Callable[..., None]:
    """In this process, which is quicker."""

    def add(number: int, campaign: str = ALL) -> None:
        now = datetime.now(UTC)
        with closing(Store(site.store)) as store:
            store.record(ListEvent(uuid4(), Kind.ADD, number, campaign, now, "asked", "letter"))

    return add


def configure(site: Site, mode: str, user: str, **more: object) -> None:
    secret = site.folder / f"{user}.secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{user}-secret-1\n")
    settings = yaml.safe_load(site.config.read_text())
    settings["freepbx"] = {"blacklist": mode, "user": user, "secret_file": str(secret), **more}
    site.config.write_text(yaml.safe_dump(settings))


def blacklist(site: Site) -> dict[str, str]:
    return {
        key.removeprefix("/blacklist/"): value
        for key, value in site.pbx.db_show().items()
        if key.startswith("/blacklist/")
    }


def put(site: Site, key: str, value: str) -> None:
    site.pbx.cli(f'database put blacklist {key} "{value}"')


def verdict(site: Site, number: str) -> str:
    judge = judge_of(load(site.config), site.store)
    try:
        return str(judge.answer_patiently(Question(number)).decision.reason)
    finally:
        judge.reader.close()


@pytest.mark.parametrize("user", ["reader", "commander"])
def test_who_is_blacklisted_there_is_not_called(site: Site, bridge: Callable[..., tuple[int, str]], user: str) -> None:
    """With the right to read alone, by either way of reading."""
    put(site, "600100200", "rude & loud")
    put(site, "dest", "app-blackhole,hangup,1")
    put(site, "blocked", "1")
    code, said = bridge("read", user=user)
    if user == "commander":
        assert code == 2 and "write=reporting in manager.conf" in said
        return
    assert (code, "1 listed" in said) == (0, True), said
    assert verdict(site, "+48600100200") == "listed"
    assert "1 listed" not in bridge("read", user=user)[1]
    site.pbx.cli("database del blacklist 600100200")
    assert "1 taken back" in bridge("read", user=user)[1]
    assert verdict(site, "+48600100200") == "not-listed"


def test_who_must_not_be_called_is_turned_away_and_nothing_is_read_back(
    site: Site,
    bridge: Callable[..., tuple[int, str]],
    list_number: Callable[..., None],
    number: int,
    events: Callable[[int], list[ListEvent]],
) -> None:
    list_number(number)
    assert "1 written" in bridge("both")[1]
    assert blacklist(site) == {str(number)[2:]: "asked (Concierge)"}
    for _ in range(2):
        assert bridge("both") == (0, "from FreePBX: 0 listed, 0 taken back\nto FreePBX: 0 written, 0 deleted\n")
    assert len(events(number)) == 1
    assert main(["list", "remove", f"+{number}", "--reason", "asked again", "--config", str(site.config)]) == 0
    assert "1 deleted" in bridge("both")[1]
    assert blacklist(site) == {}


def test_a_removal_there_leaves_an_opt_out_by_other_ways_in_force(
    site: Site, bridge: Callable[..., tuple[int, str]], list_number: Callable[..., None], number: int
) -> None:
    put(site, str(number)[2:], "1")
    bridge("both")
    list_number(number)
    site.pbx.cli(f"database del blacklist {str(number)[2:]}")
    bridge("both")
    assert verdict(site, f"+{number}") == "listed"
    bridge("both")
    assert blacklist(site) == {str(number)[2:]: "asked (Concierge)"}
    site.pbx.cli(f"database del blacklist {str(number)[2:]}")
    for _ in range(2):
        bridge("both")
    assert blacklist(site) == {} and verdict(site, f"+{number}") == "listed"


def test_a_lost_database_takes_nothing_back_and_is_filled_again(
    site: Site, bridge: Callable[..., tuple[int, str]], list_number: Callable[..., None], number: int
) -> None:
    for last in range(3):
        put(site, f"60010020{last}", "1")
    list_number(number)
    bridge("both")
    for family in ("blacklist", "concierge-bridge"):
        site.pbx.cli(f"database deltree {family}")
    bridge("both")
    assert verdict(site, "+48600100200") == "listed"
    assert blacklist(site)[str(number)[2:]] == "asked (Concierge)"


def test_without_the_right_to_write_many_that_go_at_once_are_held(
    site: Site, bridge: Callable[..., tuple[int, str]]
) -> None:
    for last in range(3):
        put(site, f"60010020{last}", "1")
    bridge("read", user="reader")
    site.pbx.cli("database deltree blacklist")
    code, said = bridge("read", user="reader")
    assert code == 1 and "3 keys have gone at once" in said
    assert verdict(site, "+48600100200") == "listed"
    assert "3 taken back" in bridge("read", "--accept", user="reader")[1]


def test_two_lists_do_not_keep_one_blacklist(site: Site, bridge: Callable[..., tuple[int, str]]) -> None:
    bridge("both")
    site.pbx.cli("database put concierge-bridge id somebody-else")
    code, said = bridge("both")
    assert code == 2 and "another list keeps this PBX's blacklist" in said
    assert bridge("both", "--accept")[0] == 0 and bridge("both")[0] == 0


def test_a_user_who_may_not_write_is_told_what_it_takes(
    site: Site, bridge: Callable[..., tuple[int, str]], list_number: Callable[..., None], number: int
) -> None:
    list_number(number)
    code, said = bridge("both", user="reader")
    assert code == 2 and "write=system in manager.conf" in said


def test_scope_sources_and_form_are_as_configured(
    site: Site, bridge: Callable[..., tuple[int, str]], list_number: Callable[..., None], number: int
) -> None:
    list_number(number, "spring")
    list_number(number + 1)
    bridge("write", campaign="spring", form="plus")
    assert blacklist(site) == {f"+{number}": "asked (Concierge)"}
    code, said = bridge("write", "--withdraw")
    assert (code, blacklist(site)) == (0, {}), said
    bridge("write", sources=["agent"])
    assert blacklist(site) == {}


def test_a_dry_run_changes_nothing_and_names_what_is_no_number(
    site: Site, bridge: Callable[..., tuple[int, str]], list_number: Callable[..., None], number: int
) -> None:
    put(site, "600100200", "1")
    put(site, "anonymous", "1")
    list_number(number)
    before = site.pbx.db_show()
    code, said = bridge("both", "--dry-run")
    assert code == 1 and "1 would be listed" in said and "1 would be written" in said and "'anonymous'" in said
    assert site.pbx.db_show() == before and verdict(site, "+48600100200") == "not-listed"


def test_a_running_daemon_does_it_by_itself(
    site: Site, list_number: Callable[..., None], number: int, events: Callable[[int], list[ListEvent]]
) -> None:
    put(site, "600100200", "1")
    configure(site, "both", "writer", every=1)
    site.start_daemon()
    wait_until(lambda: events(48600100200), 10, "what is there to be listed")
    list_number(number)
    wait_until(lambda: str(number)[2:] in blacklist(site), 10, "what is listed here to be written")
    assert site.stop_daemon() == 0


def test_doctor_says_what_the_manager_user_lacks(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    def found(user: str) -> dict[str, str]:
        configure(site, "both", user)
        capsys.readouterr()
        main(["doctor", "--json", "--config", str(site.config)])
        said = json.loads(capsys.readouterr().out)
        return {item["state"]: item["seen"] + item["remedy"] for item in said if item["name"] == "blacklist bridge"}

    assert set(found("writer")) == {"ok"}
    assert "write=system" in found("reader")["failed"]
    assert "write=system" in found("commander")["failed"]
