"""`concierge registry`: an official file in, and every way of asking knows it."""

import errno
import json
import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from concierge.cli import main

TODAY = datetime.now(UTC).date()
USA = "+12125551234"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("212,5551234\n416,5551234\n")
    return path


@pytest.fixture
def add(concierge, file):
    def run(*words, as_of=TODAY, name="ftc", country="US", form="ftc", source=file):
        given = ("--format", form, "--country", country, "--as-of", as_of, "--name", name)
        return concierge("registry", "add", source, *given, *words)

    return run


@pytest.fixture
def check(concierge):
    return lambda number, *words: json.loads(concierge("check", number, "--format", "json", *words).stdout)


def test_a_listed_number_is_refused_from_the_moment_it_is_added(add, check, concierge):
    assert check(USA)["verdict"] == "allow"
    done = add()
    assert (done.returncode, done.stdout) == (0, f"ftc: 2 numbers of US, as of {TODAY}\n")
    facts = check(USA)
    assert (facts["reason"], facts["detail"]) == ("listed-in-registry", f"registry ftc of US, as of {TODAY}")
    assert check("+12125551235")["verdict"] == "allow"
    assert concierge("registry", "list").stdout == "ftc US: 2 numbers, 0 of 31 days old, ok\n"
    assert concierge("registry", "verify").returncode == 0
    assert concierge("registry", "remove", "ftc").returncode == 0
    assert check(USA)["verdict"] == "allow"
    assert concierge("registry", "remove", "ftc").returncode == 2


def test_an_old_one_stops_its_country_or_warns(add, check, concierge, config):
    add(as_of=TODAY - timedelta(days=40))
    facts = check("+12125551235")
    assert facts["reason"] == "registry-stale"
    assert "registry ftc of US is 40 days old, 31 at most" in facts["detail"]
    assert check("+48600100200")["verdict"] == "allow"
    assert concierge("registry", "list").returncode == 1
    path = config("registries: {on_stale: warn}")
    facts = check("+12125551235", "--config", path)
    assert (facts["verdict"], "40 days old" in facts["detail"]) == ("allow", True)
    path = config("registries: {max_age: {US: 90}}")
    assert check("+12125551235", "--config", path)["verdict"] == "allow"


def test_an_older_list_does_not_take_the_place_of_a_newer_one_unseen(add, check, concierge):
    add()
    done = add(as_of=TODAY - timedelta(days=40))
    assert done.returncode == 2 and f"ftc is there as of {TODAY}; was it the old file? --force" in done.stderr
    assert check("+12125551235")["verdict"] == "allow"
    done = add("--force", as_of=TODAY - timedelta(days=40))
    assert done.returncode == 0
    assert "ftc is 40 days old already, 31 at most: until a newer one is added calls to US are refused" in done.stderr
    assert check("+12125551235")["reason"] == "registry-stale"
    assert add(as_of=TODAY - timedelta(days=1)).stderr == ""


def test_a_damaged_one_stops_its_country_and_verify_and_doctor_say_so(add, check, concierge, home_db):
    add()
    [path] = home_db.with_name("concierge.db.registries").glob("*.registry")
    path.write_bytes(path.read_bytes()[:-1])
    assert check("+12125551235")["reason"] == "registry-unavailable"
    verified = concierge("registry", "verify")
    assert verified.returncode == 1
    assert "it was cut or written to; add it again" in verified.stdout
    found = {one["name"]: one for one in json.loads(concierge("doctor", "--json").stdout)}
    assert found["registry ftc"]["state"] == "failed"
    assert add().returncode == 0
    assert check("+12125551235")["verdict"] == "allow"


def test_rows_that_cannot_be_read_are_named_and_the_rest_is_taken(add, file, check):
    file.write_text("212,5551234\n12,345\n416,5551234\n")
    done = add()
    assert done.returncode == 1
    assert "list.txt:2: '12,345': no North American number" in done.stderr
    assert done.stdout.endswith("1 rows could not be read and are not in it\n")
    assert check(USA)["verdict"] == "refuse"


def test_a_file_that_has_lost_half_of_it_needs_force(add, file):
    file.write_text("".join(f"212,555{n:04}\n" for n in range(100)))
    assert add().returncode == 0
    file.write_text("".join(f"212,555{n:04}\n" for n in range(49)))
    assert "was it cut? --force takes it" in add().stderr
    assert add("--force").returncode == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "../x"}, "--name"),
        ({"country": "XX"}, "--country"),
        ({"as_of": TODAY + timedelta(days=3)}, "in the future"),
        ({"as_of": "yesterday"}, "no date"),
        ({"form": "klingon"}, "invalid choice"),
        ({"source": "absent.txt"}, "absent.txt: No such file"),
        ({"form": "dncl-xml"}, "no XML"),
        ({"form": "xlsx"}, "workbook"),
    ],
)
def test_wrong_use_is_told_and_changes_nothing(add, check, given, words):
    done = add(**given)
    assert done.returncode == 2
    assert words in done.stderr
    assert check(USA)["verdict"] == "allow"


def test_a_full_disk_is_told_with_its_folder(file, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as a write does: without a name

    monkeypatch.setattr("models.registry.folder.add", full)
    config = tmp_path / "config.yaml"
    config.write_text(f"registries: {{folder: {tmp_path / 'national'}}}\n")
    given = ("--format", "ftc", "--country", "US", "--as-of", str(TODAY), "--name", "ftc", "--config", str(config))
    assert main(["registry", "add", str(file), *given]) == 2
    assert f"{tmp_path / 'national'}: No space left" in capsys.readouterr().err


def test_any_format_can_be_a_registry(add, file, check, tmp_path):
    file.write_text("numer;opis\n600 100 200;x\n600100300;\n")
    assert add(form="csv", country="PL", name="pl").returncode == 0
    assert check("600100300")["reason"] == "listed-in-registry"
    file.write_text("number;until\n600100200;2027-01-01\n600100201;\n")
    assert "use `concierge list import`" in add(form="csv", country="PL", name="pl").stderr


def test_the_names_of_formats_are_the_formats():
    from concierge.exchange import NAMES
    from models.exchange.formats import FORMATS

    assert sorted(NAMES) == sorted(FORMATS)


def test_the_daemon_knows_a_registry_with_the_next_call(at_home, tmp_path):
    """Over its own socket, while files come and go."""
    import asyncio

    from concierge.service import Service
    from concierge.settings import load
    from concierge.wiring import registry_folder, upgrade_store
    from models.registry.blocks import builder
    from models.registry.file import Header
    from models.registry.folder import add, remove

    config = tmp_path / "c.yaml"
    config.write_text(f"store: {{path: {tmp_path / 'list.db'}}}\nagi: {{port: 0}}\nlog: {{level: error}}\n")
    settings, path = load(config), tmp_path / "list.db"
    upgrade_store(path)

    def put(number):
        numbers = builder()
        numbers.add([number])
        add(registry_folder(settings, path), Header("r", "ftc", "US", TODAY, datetime.now(UTC), "t"), numbers)

    async def ask(port, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = ["agi_network: yes", "agi_network_script: outbound", f"agi_arg_1: {number}", "agi_arg_2: n", "", ""]
        writer.write("\n".join(lines).encode())
        answer = await reader.readline()
        writer.close()
        return answer.decode().split('"')[3].split("!")[1]

    async def story():
        service = Service(settings, path, ("agi",))
        await service.start()
        port = service.server.port
        found = [await ask(port, USA)]
        for number in (12125551234, 12125551235, 12125551234):
            put(number)
            found.append(await ask(port, USA))
        remove(registry_folder(settings, path), "r")
        found.append(await ask(port, USA))
        await service.stop()
        return found

    listed = "listed-in-registry"
    assert asyncio.run(story()) == ["not-listed", listed, "not-listed", listed, "not-listed"]


def test_where_pyroaring_cannot_be_installed_everything_goes_on(add, check, concierge, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyroaring", None)
    assert add().returncode == 0
    assert check(USA)["reason"] == "listed-in-registry"
    assert check("+12125551235")["verdict"] == "allow"
    concierge("list", "add", "600100200", "--reason", "r", "--source", "s")
    leads = tmp_path / "leads.csv"
    leads.write_text(f"number\n{USA}\n+12125551235\n600100200\n+48600100201\n")
    concierge("list", "scrub", leads, "-o", tmp_path / "clean.csv")
    assert (tmp_path / "clean.csv").read_text() == "number\n+12125551235\n+48600100201\n"
    assert concierge("registry", "verify").returncode == 0


def test_registries_that_are_lost_with_their_folder_stop_every_call(add, check, concierge, home_db, tmp_path):
    """Also on another host, where a copy of the list is put back without them; and there is a way to go without."""
    concierge("list", "add", "600100200", "--reason", "r", "--source", "s")
    assert add().returncode == 0
    folder = home_db.with_name(home_db.name + ".registries")
    number = "+1 202 555 0199"
    assert check(number)["reason"] == "not-listed"
    assert concierge("db", "backup", tmp_path / "copy.db").returncode == 0
    shutil.rmtree(folder)
    assert check(number)["reason"] == "registry-unavailable"
    folder.mkdir()
    assert check(number)["reason"] == "registry-unavailable"
    assert "registry remove NAME" in concierge("registry", "list").stderr
    home_db.unlink()
    (tmp_path / "copy.db").rename(home_db)
    assert check(number)["reason"] == "registry-unavailable"
    assert concierge("registry", "remove", "ftc").returncode == 0
    assert check(number)["reason"] == "not-listed"
    assert concierge("evidence", "verify").returncode in (0, 1)


def test_a_list_without_registries_needs_none(add, check, concierge):
    concierge("list", "add", "600100200", "--reason", "r", "--source", "s")
    assert check("+1 202 555 0199")["reason"] == "not-listed"
    assert add().returncode == 0
    assert concierge("registry", "remove", "ftc").returncode == 0
    assert check("+1 202 555 0199")["reason"] == "not-listed"
