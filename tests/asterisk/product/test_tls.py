"""A manager behind TLS as Asterisk itself offers it: heard when it proves who it is, else refused, with a gap."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from concierge.lab.site import CAMPAIGN, Site
from concierge.lab.wait import wait_until

pytestmark = pytest.mark.asterisk
NUMBER = 48_609_000_011


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


class Authority:
    """Signs certificates for the manager; a file of its own for each."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.certificate = folder / f"{name}.pem"
        subject = ["-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE"]
        _openssl("req", "-x509", *_KEY, "-nodes", "-days", "2", *subject, *self._out(name))

    def signs(self, host: str, *, expired: bool = False) -> str:
        """Certificate and key for a host, as Asterisk wants them: in one file."""
        request = self.folder / "request.pem"
        _openssl("req", *_KEY, "-nodes", "-subj", f"/CN={host}", *self._out("request"))
        names = self.folder / "names"
        names.write_text(f"subjectAltName=DNS:{host}\n")
        until = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] if expired else ["-days", "2"]
        database = self.folder / "index.txt"
        database.write_text("")
        settings = self.folder / "ca.conf"
        settings.write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={database}\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
        )
        own = ["-cert", str(self.certificate), "-keyfile", str(self.folder / f"{self.name}.key")]
        made = self.folder / "made.pem"
        extra = ["-extfile", str(names), "-in", str(request), "-out", str(made), "-batch", "-notext"]
        _openssl("ca", "-config", str(settings), *own, *until, *extra)
        return made.read_text() + (self.folder / "request.key").read_text()

    def _out(self, name: str) -> list[str]:
        return ["-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.pem")]


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def site(asterisk_version: str) -> Iterator[Site]:
    with Site(asterisk_version) as site:
        site.stop_daemon()
        yield site


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Each test has a site of its own: nothing is left to the next one."""


def offer(site: Site, certificate: str) -> None:
    """Asterisk offers the manager over TLS with this certificate, at a port of its own."""
    port = next(port for port in iter(site.pbx.ports.spare, 0) if port != site.settings.agi.port)
    etc = site.pbx.folder / "etc"
    (etc / f"manager-{port}.pem").write_text(certificate)
    inside = site.pbx.engine.to_pbx(etc / f"manager-{port}.pem")
    lines = f"[general](+)\ntlsenable=yes\ntlsbindaddr=127.0.0.1:{port}\ntlscertfile={inside}\n"
    extra = etc / "manager_extra.conf"
    extra.write_text(extra.read_text().split("\n; TLS\n")[0] + "\n; TLS\n" + lines)
    site.pbx.cli("manager reload")
    settings = yaml.safe_load(site.config.read_text())
    settings["ami"] |= {"host": "localhost", "port": port, "tls": True}
    site.config.write_text(yaml.safe_dump(settings))


def trust(site: Site, authority: Authority) -> None:
    settings = yaml.safe_load(site.config.read_text())
    settings["ami"]["ca_file"] = str(authority.certificate)
    site.config.write_text(yaml.safe_dump(settings))


def test_a_press_is_heard_over_tls_by_both_witnesses(site: Site, tmp_path: Path) -> None:
    own = Authority(tmp_path, "own")
    offer(site, own.signs("localhost"))
    trust(site, own)
    site.start_daemon()
    with site.pbx.phone("callee") as callee:
        site.ami.originate(f"Local/{NUMBER}@outbound/n", context="campaign", exten="s", variables=CAMPAIGN)
        call = callee.wait_for_call(str(NUMBER))
        call.wait_answered()
        call.press("9")
        wait_until(lambda: len(witnesses(site)) == 2, 10, "both witnesses")
        call.hang_up()


def witnesses(site: Site) -> list[object]:
    found = json.loads(site.concierge("list", "history", f"+{NUMBER}", "--format", "json").stdout)["events"]
    return [one for event in found for one in event["witnesses"]]


def test_who_does_not_prove_who_he_is_gets_no_password_and_the_gap_is_recorded(site: Site, tmp_path: Path) -> None:
    own, other = Authority(tmp_path, "own"), Authority(tmp_path, "other")
    trust(site, own)
    for certificate, why in (
        (other.signs("localhost"), "unable to get local issuer certificate"),
        (own.signs("localhost", expired=True), "certificate has expired"),
        (own.signs("pbx.example.com"), "Hostname mismatch"),
    ):
        offer(site, certificate)
        before = len(site.log())
        site.start_daemon(ready=False)
        wait_until(lambda why=why, before=before: why in site.log()[before:], 40, why)  # type: ignore[misc]
        assert "does not prove who it is" in site.log()[before:]
        assert "listening to" not in site.log()[before:]
        wait_until(lambda why=why: any(why in one["reason"] for one in gaps(site)), 20, "the gap")  # type: ignore[misc]
        site.stop_daemon()
    assert "Hostname mismatch" in site.concierge("doctor", "--json").stdout


def gaps(site: Site) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(site.concierge("gaps", "--format", "json").stdout)
    return found
