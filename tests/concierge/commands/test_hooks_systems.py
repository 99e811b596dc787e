"""Each PBX that is listened to has hooks and checks of its own."""

import json
import socket

import pytest
import yaml

from concierge.cli import main


@pytest.fixture
def config(tmp_path):
    for name in ("near", "far"):
        secret = tmp_path / f"{name}.secret"
        secret.write_text("long-enough-secret\n")
        secret.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    far = {"host": "127.0.0.1", "port": port, "user": "afar", "secret_file": "far.secret", "system": "far"}
    settings = {
        "store": {"path": str(tmp_path / "list.db")},
        "ami": {"port": port, "user": "concierge", "secret_file": "near.secret", "system": "near"},
        "also_ami": [far],
        "callbacks": {"auto": True},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def test_hooks_are_shown_for_the_pbx_that_is_meant(config, capsys):
    assert main(["hooks", "show", "--config", str(config)]) == 0
    first = capsys.readouterr().out
    assert main(["hooks", "show", "--system", "far", "--config", str(config)]) == 0
    other = capsys.readouterr().out
    assert ("CONCIERGE_SYSTEM=near" in first, "[concierge]" in first, "reporting,originate" in first) == (True,) * 3
    assert ("CONCIERGE_SYSTEM=far" in other, "[afar]" in other, "originate" in other.split("[afar]")[1]) == (
        *(True, True),
        False,
    )


def test_a_pbx_that_is_not_known_is_told_with_those_that_are(config, capsys):
    assert main(["hooks", "show", "--system", "nowhere", "--config", str(config)]) == 2
    assert "there are: near, far" in capsys.readouterr().err


def test_the_host_of_a_pbx_elsewhere_must_reach_the_daemon(config, capsys):
    settings = yaml.safe_load(config.read_text())
    settings["also_ami"][0] |= {"host": "192.0.2.7", "plain": True}
    config.write_text(yaml.safe_dump(settings))
    assert main(["hooks", "show", "--system", "far", "--config", str(config)]) == 0
    assert "CONCIERGE_AGI must name an address" in capsys.readouterr().err


def test_doctor_looks_at_the_manager_of_each(config, capsys, tmp_path):
    main(["doctor", "--json", "--etc", str(tmp_path), "--rx", "false", "--config", str(config)])
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    for name in ("manager login", "manager login of far"):
        assert (found[name]["state"], "no connection" in found[name]["seen"]) == ("failed", True)
