"""Several PBXs in one daemon, and none over a network in clear unless somebody asks for it."""

from pathlib import Path

import pytest

from concierge.errors import SettingsError, UserError
from concierge.manager import access_of, all_of
from concierge.settings import AmiSettings, parse

FILE = Path("/etc/concierge/c.yaml")
SECOND = {"user": "c", "system": "second", "secret_file": "second.secret"}


def mistakes(**sections):
    with pytest.raises(SettingsError) as caught:
        parse(sections, FILE)
    return str(caught.value)


def test_another_host_is_refused_in_clear():
    assert "set ami.tls, or use a tunnel" in mistakes(ami={"user": "c", "host": "10.0.0.5"})


@pytest.mark.parametrize("more", [{"tls": True}, {"plain": True}, {"host": "127.0.0.1"}, {"host": "::1"}])
def test_unless_it_is_encrypted_or_asked_for_or_here(more):
    assert parse({"ami": {"user": "c", "host": "10.0.0.5"} | more}, FILE).ami.user == "c"


def test_an_authority_without_tls_is_a_mistake():
    assert "ami.ca_file: of no use without ami.tls" in mistakes(ami={"ca_file": "x.pem"})


def test_an_authority_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(UserError, match=r"ami\.ca_file: .*name the PEM file"):
        access_of(AmiSettings(user="c", tls=True, ca_file=str(tmp_path / "none.pem")), secret="s3cret-s3cret")


def test_every_pbx_is_listened_to_with_files_beside_the_configuration():
    settings = parse({"ami": {"user": "a"}, "also_ami": [SECOND]}, FILE)
    assert [one.system for one in all_of(settings)] == ["pbx", "second"]
    assert settings.also_ami[0].secret_file == "/etc/concierge/second.secret"


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (SECOND | {"system": "pbx"}, "also_ami[0].system: 'pbx' is another PBX's name too"),
        (SECOND | {"user": ""}, "also_ami[0].user: empty"),
        ({"user": "c", "system": "second"}, "also_ami[0].secret_file: empty"),
        (SECOND | {"host": "10.0.0.5"}, "also_ami[0].host: 10.0.0.5: AMI is not encrypted"),
        (SECOND | {"prot": 1}, "also_ami[0].prot: unknown key; did you mean `port`?"),
        ("second", "also_ami[0]: expected keys and values"),
    ],
)
def test_mistakes_in_a_further_pbx_are_named(second, words):
    assert words in mistakes(also_ami=[second])
