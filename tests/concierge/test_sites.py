"""Several sites from the command line: set up, served, asked about, and refused when there is no contact."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from concierge.errors import SettingsError
from concierge.service import Service
from concierge.setting_rules import FEED_VARIABLE, feed_secret
from concierge.settings import SyncSettings, parse
from concierge.wiring import upgrade_store
from models.suppression import Kind, ListEvent
from models.sync.hosts import report
from models.sync.link import Access
from models.sync.worker import Sync
from models.tables import SCHEMA

NUMBER = "+48601234567"
ROOT = Path(__file__).parents[2]
FILE = Path("c.yaml")


def mistakes(sync):
    with pytest.raises(SettingsError) as caught:
        parse({"sync": sync}, FILE)
    return str(caught.value)


@pytest.fixture
def hosts(feed_server, fresh, tmp_path, concierge):
    """Settings of two hosts, and an empty shared database."""
    url = fresh(feed_server.url)
    shown = url.set(drivername=url.get_backend_name()).render_as_string()
    made = []
    for site in ("warsaw", "berlin"):
        path = tmp_path / f"{site}.yaml"
        path.write_text(
            f"store: {{path: {tmp_path}/{site}.db}}\nsync: {{url: '{shown}', site: {site}, max_age: 5, poll: 0.2}}\n"
        )
        assert concierge("db", "upgrade", "--config", path).returncode == 0
        made.append(path)
    return made


@contextmanager
def served(path, environment):
    """`concierge serve --only sync` as it is run."""
    program = [str(Path(sys.executable).with_name("concierge")), "serve", "--only", "sync", "--config", str(path)]
    environment = environment | {"PYTHONWARNINGS": "error", "PYTHONPATH": str(ROOT)}
    with path.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(program, env=environment, stderr=log)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0, path.with_suffix(".log").read_text()
    finally:
        process.kill()
        process.wait()


def test_from_an_empty_database_to_one_list_and_back_to_no_contact(hosts, concierge, environment, wait_until):
    warsaw, berlin = hosts
    status = concierge("sync", "status", "--config", warsaw)
    assert (status.returncode, "run `concierge db upgrade --feed`" in status.stdout) == (1, True)
    assert concierge("db", "check", "--feed", "--config", warsaw).returncode == 1
    for _ in range(2):
        assert f"at revision {SCHEMA}" in concierge("db", "upgrade", "--feed", "--config", warsaw).stdout
    assert concierge("db", "check", "--feed", "--config", warsaw).stdout.endswith("at head\n")

    done = concierge("check", NUMBER, "--config", warsaw)
    assert (done.returncode, done.stdout.split()[:2]) == (1, ["refuse", "list-stale"])
    assert concierge("list", "add", NUMBER, "--reason", "r", "--source", "s", "--config", warsaw).returncode == 0
    assert "waiting to be sent: 1" in concierge("sync", "status", "--config", warsaw).stdout

    def check(path, number):
        return concierge("check", number, "--config", path).stdout.split()[1]

    with served(warsaw, environment), served(berlin, environment):
        wait_until(lambda: check(berlin, NUMBER) == "listed", 20)
        wait_until(lambda: check(warsaw, "+48601234568") == "not-listed", 10)
        concierge("list", "remove", NUMBER, "--reason", "r", "--config", berlin)
        wait_until(lambda: check(warsaw, NUMBER) == "not-listed", 10)
        wait_until(lambda: concierge("sync", "status", "--config", warsaw).returncode == 0, 10)
        facts = json.loads(concierge("sync", "status", "--format", "json", "--config", berlin).stdout)
        expected = {"site": "berlin", "position": 2, "feed_position": 2, "lag": 0, "outbox": 0, "stale": False}
        assert facts.items() >= expected.items()
        assert facts["age"] < 5
        assert facts["trouble"] is None

        def others():
            said = json.loads(concierge("sync", "status", "--format", "json", "--config", berlin).stdout)["hosts"]
            return [(one["site"], one["position"], one["lag"], one["outbox"], one["silent"]) for one in said]

        wait_until(lambda: others() == [("berlin", 2, 0, 0, False), ("warsaw", 2, 0, 0, False)], 20)
        assert "host warsaw: position 2, behind by 0" in concierge("sync", "status", "--config", berlin).stdout
    wait_until(lambda: check(warsaw, NUMBER) == "list-stale", 10)
    assert concierge("sync", "verify", "--config", warsaw).stdout.endswith("2 rows, none changed\n")


def test_a_person_is_forgotten_at_every_site_and_in_the_feed(hosts, concierge, wait_until, environment):
    warsaw, berlin = hosts
    said = ("--reason", "Kowalski shouted", "--source", "letter")
    assert concierge("db", "upgrade", "--feed", "--config", warsaw).returncode == 0
    concierge("list", "add", NUMBER, *said, "--config", warsaw)
    assert "see `concierge sync status`" in concierge("list", "purge", "--number", NUMBER, "--config", warsaw).stderr
    with served(warsaw, environment), served(berlin, environment):
        history = ("list", "history", NUMBER, "--config", berlin)
        wait_until(lambda: "Kowalski" in concierge(*history).stdout, 20)
        wait_until(lambda: concierge("list", "purge", "--number", NUMBER, "--config", warsaw).returncode == 0, 20)
        wait_until(lambda: "erased on request" in concierge(*history).stdout, 20)
        assert "Kowalski" not in concierge(*history).stdout
    erase = ("sync", "erase", "--config", warsaw)
    assert "would be erased for 1 requests: 1 rows, 0 contacts" in concierge(*erase, "--dry-run").stdout
    assert "erased for 1 requests: 1 rows, 0 contacts" in concierge(*erase).stdout
    assert concierge("sync", "verify", "--config", warsaw).stdout.endswith(
        "2 rows, none changed, 1 erased on request\n"
    )


def test_a_host_that_is_silent_or_behind_is_seen_from_any_other(hosts, feed_server, concierge):
    concierge("db", "upgrade", "--feed", "--config", hosts[0])
    engine = create_engine(feed_server.url.set(database="fresh"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE feed_counter SET last = 7 WHERE id = 1"))
        report(connection, "paris", 3, 12)
        report(connection, "paris", 4, 12)
        report(connection, "rome", 7, 0)
        connection.execute(text("UPDATE feed_host SET at = at - 90000000 WHERE site = 'paris'"))
    engine.dispose()
    lines = concierge("sync", "status", "--config", hosts[0]).stdout.splitlines()
    paris, rome = (line for line in lines if line.startswith("host "))
    assert paris.startswith("host paris: position 4, behind by 3, 12 wait to be sent, heard 9") and "SILENT" in paris
    assert rome.startswith("host rome: position 7, behind by 0") and "SILENT" not in rome


def test_a_feed_that_takes_no_reports_is_a_feed_all_the_same(hosts, feed_server, concierge, environment, wait_until):
    """It is of an older version, or its role has not been made anew."""
    concierge("db", "upgrade", "--feed", "--config", hosts[0])
    engine = create_engine(feed_server.url.set(database="fresh"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE feed_host"))
    engine.dispose()
    concierge("list", "add", NUMBER, "--reason", "r", "--source", "s", "--config", hosts[0])
    with served(hosts[0], environment), served(hosts[1], environment):
        wait_until(lambda: concierge("list", "show", NUMBER, "--config", hosts[1]).returncode == 0, 20)
        wait_until(lambda: "sync=not-reported" in hosts[0].with_suffix(".log").read_text(), 20)
        assert json.loads(concierge("sync", "status", "--format", "json", "--config", hosts[1]).stdout)["hosts"] == []


def test_a_feed_that_was_tampered_with_is_found(hosts, feed_server, concierge, environment, wait_until):
    concierge("db", "upgrade", "--feed", "--config", hosts[0])
    for number in (NUMBER, "+48601234569"):
        concierge("list", "add", number, "--reason", "r", "--source", "s", "--config", hosts[0])
    with served(hosts[0], environment):
        wait_until(lambda: concierge("sync", "status", "--config", hosts[0]).returncode == 0, 20)
    engine = create_engine(feed_server.url.set(database="fresh"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE feed_event SET body = '{}' WHERE position = 1"))
    engine.dispose()
    done = concierge("sync", "verify", "--config", hosts[0])
    assert done.returncode == 1
    assert "position 1 does not follow" in done.stdout
    assert "2 rows, 1 changed" in done.stdout


def test_doctor_says_how_the_link_is(hosts, concierge):
    def findings():
        done = concierge("doctor", "--json", "--config", hosts[0])
        return {finding["name"]: finding for finding in json.loads(done.stdout)}

    found = findings()
    assert found["shared feed"]["state"] == "failed"
    assert "db upgrade --feed" in found["shared feed"]["seen"]
    concierge("db", "upgrade", "--feed", "--config", hosts[0])
    found = findings()
    assert found["feed encryption"]["state"] == found["shared feed"]["state"] == "ok"
    assert found["feed rights"]["state"] == "warning"
    assert found["other sites"]["state"] == "failed"
    assert "outbound calls are refused" in found["other sites"]["remedy"]


def test_without_a_feed_nothing_of_it_is_asked(concierge, config):
    path = config("site: {name: alone}\n")
    assert concierge("check", NUMBER, "--config", path).returncode == 0
    for words in (["sync", "status"], ["sync", "verify"], ["serve", "--only", "sync"], ["db", "upgrade", "--feed"]):
        done = concierge(*words, "--config", path)
        assert done.returncode == 2
        assert "sync.url is empty" in done.stderr


@pytest.mark.parametrize(
    ("sync", "words"),
    [
        ({"url": "postgresql://me:secret-word@db/x"}, "a password does not belong here"),
        ({"url": "postgresql://me@db/x?password=secret-word"}, "a password does not belong here"),
        ({"url": "oracle://me@db/x"}, "expected postgresql://USER@HOST:PORT/DATABASE"),
        ({"url": "postgresql://me@db"}, "expected postgresql://USER@HOST:PORT/DATABASE"),
        ({"url": "postgresql://db/x"}, "expected postgresql://USER@HOST:PORT/DATABASE"),
        ({"url": "postgresql://me@db:port/x"}, "sync.url: "),
        ({"site": "a b"}, "sync.site: 'a b'"),
        ({"on_stale": "ask"}, "sync.on_stale: 'ask' is none of refuse, warn"),
        ({"poll": 0.0}, "sync.poll: a number of seconds, from 0.05 to 60"),
        ({"timeout": float("nan")}, "sync.timeout: a number of seconds"),
        ({"max_age": 4.0}, "sync.max_age: a number of seconds, from 5"),
        ({"max_age": 30.0, "timeout": 10.0}, "sync.max_age: more than sync.poll and four times sync.timeout"),
    ],
)
def test_mistakes_are_named_and_a_password_is_not_shown(sync, words):
    text = mistakes(sync)
    assert words in text
    assert "secret-word" not in text


def test_the_password_comes_from_a_file_that_nobody_else_may_read_or_from_the_environment(tmp_path):
    path = tmp_path / "secret"
    path.write_text("secret-word\n")
    path.chmod(0o600)
    assert feed_secret(SyncSettings(secret_file=str(path)), {}) == "secret-word"
    assert feed_secret(SyncSettings(), {FEED_VARIABLE: "other"}) == "other"
    assert feed_secret(SyncSettings(), {}) is None
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        feed_secret(SyncSettings(secret_file=str(path)), {})
    assert "secret-word" not in str(caught.value)


def test_a_driver_that_is_not_installed_is_named_with_what_to_do(concierge, config, monkeypatch):
    path = config("sync: {url: 'mariadb://me@127.0.0.1:1/x'}\n")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    done = concierge("sync", "status", "--config", path)
    assert done.returncode == 1
    assert "pip install 'asterisk-concierge[mariadb]'" in done.stdout


async def test_what_the_service_records_wakes_the_link(on_postgresql, tmp_path, monkeypatch):
    upgrade_store(tmp_path / "a.db")
    url = on_postgresql.url.set(drivername="postgresql").render_as_string()
    settings = parse({"sync": {"url": url}}, FILE)
    woken = []
    monkeypatch.setattr(Sync, "wake", lambda _self: woken.append(1))
    service = Service(settings, tmp_path / "a.db", ["sync"])
    await service.start()
    woken.clear()
    await service.journal.record(ListEvent(uuid4(), Kind.ADD, int(NUMBER), "", datetime.now(UTC), "r", "s"))
    assert woken
    await service.stop()
    assert Service(settings, tmp_path / "a.db", ["agi"]).sync is None


def test_a_shared_database_without_all_letters_is_refused_and_named(mariadb, fresh, tmp_path, concierge):
    """MariaDB has latin1 by default; a cap of a person with another letter in the key would be unknown."""
    url = fresh(mariadb.url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    shown = url.set(drivername=url.get_backend_name()).render_as_string()
    config = tmp_path / "a.yaml"
    config.write_text(f"store: {{path: {tmp_path}/a.db}}\nsync: {{url: '{shown}', site: a}}\n")

    def run(statement):
        with engine.connect() as connection:
            connection.execute(text(statement))

    run(f"ALTER DATABASE {url.database} CHARACTER SET latin1")
    done = concierge("db", "upgrade", "--feed", "--config", config)
    assert done.returncode == 2 and "its characters are latin1; as its owner: ALTER DATABASE" in done.stderr
    run(f"ALTER DATABASE {url.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    assert concierge("db", "upgrade", "--feed", "--config", config).returncode == 0
    assert concierge("db", "check", "--feed", "--config", config).returncode == 0
    run("ALTER TABLE contact CONVERT TO CHARACTER SET latin1")
    done = concierge("db", "check", "--feed", "--config", config)
    assert done.returncode == 1 and "table contact has latin1_swedish_ci; ALTER TABLE contact CONVERT" in done.stdout
    run("ALTER TABLE contact CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    assert concierge("db", "check", "--feed", "--config", config).returncode == 0
    engine.dispose()


@pytest.mark.parametrize(("port", "shown"), [("", ""), (":5433", ":5433")])
def test_a_feed_is_named_with_the_port_that_was_set(port, shown):
    url = make_url(f"postgresql://me@db{port}/concierge")
    assert Access(url).name == f"postgresql://db{shown}/concierge"
