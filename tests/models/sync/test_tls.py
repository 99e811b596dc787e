"""The feed over TLS with certificates of an authority of our own, and the role of sql/: real servers that take nothing
else."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text

from concierge.lab.databases import MariaDB, PostgreSQL, Server, missing
from migrations import run
from models.errors import FeedError
from models.sync.link import Access, Link

SQL = Path(__file__).parents[3] / "sql"
ENGINES = ("postgresql", "mariadb")


def openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def authority(folder: Path, name: str) -> Path:
    """A certificate that signs others; its key is beside it."""
    ca = folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}", "-out", ca,
            "-keyout", ca.with_suffix(".key"), "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    return ca


def certificate(folder: Path, ca: Path, where: str) -> tuple[Path, Path]:
    """Of a server; `where`: what it may be called, as in a subjectAltName."""
    key, request, made, extra = (folder / f"server.{ending}" for ending in ("key", "csr", "crt", "ext"))
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=feed", "-keyout", key, "-out", request)
    extra.write_text(f"subjectAltName={where}\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial", "-days", 2,
            "-extfile", extra, "-out", made)  # fmt: skip
    return made, key


def secure(server: Server, ca: Path, where: str) -> None:
    """From its start on it takes nothing but TLS from hosts."""
    folder = server.folder
    for one in certificate(folder, ca, where):
        one.chmod(0o600)
        if server.user is not None:
            owner = pwd.getpwnam(str(server.user)) if isinstance(server.user, str) else pwd.getpwuid(server.user)
            os.chown(one, owner.pw_uid, owner.pw_gid)
    plain = type(server).command

    def command() -> list[str]:
        made, key = folder / "server.crt", folder / "server.key"
        if isinstance(server, PostgreSQL):
            files = ["-c", "ssl=on", "-c", f"ssl_cert_file={made}", "-c", f"ssl_key_file={key}"]
            (server.data / "pg_hba.conf").write_text(
                "local all owner trust\n"
                "hostssl all owner 127.0.0.1/32 trust\n"
                "hostssl all all 127.0.0.1/32 scram-sha-256\n"
            )
            return [*plain(server), *files]
        return [*plain(server), f"--ssl-cert={made}", f"--ssl-key={key}", "--require-secure-transport=ON"]

    server.command = command  # type: ignore[method-assign]


def upgraded(url: URL) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        run.upgrade(connection)
    engine.dispose()


def login(server: Server, owner: URL) -> None:
    """As docs/sites.md says."""
    engine = create_engine(owner, isolation_level="AUTOCOMMIT")
    if isinstance(server, PostgreSQL):
        server.psql("-f", "-", script=(SQL / "feed-postgresql.sql").read_text(encoding="utf-8"))
        statements = ["CREATE ROLE warsaw LOGIN IN ROLE concierge_writer PASSWORD 'a-secret'"]
    else:
        script = (SQL / "feed-mariadb.sql").read_text(encoding="utf-8")
        lines = [line for line in script.splitlines() if not line.startswith("--")]
        statements = " ".join(lines).split(";")[:-1]
        statements += [
            "CREATE USER warsaw@'127.0.0.1' IDENTIFIED BY 'a-secret' REQUIRE SSL",
            "GRANT concierge_writer TO warsaw@'127.0.0.1'",
            "SET DEFAULT ROLE concierge_writer FOR warsaw@'127.0.0.1'",
        ]
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module", params=ENGINES)
def host_url(request: pytest.FixtureRequest, folder: Path) -> Iterator[URL]:
    """The feed of a server with TLS, as a host reaches it: with the role's rights, without any TLS option yet."""
    if reason := missing(request.param):
        pytest.skip(reason)
    server: Server = {"postgresql": PostgreSQL, "mariadb": MariaDB}[request.param]()
    try:
        secure(server, authority(folder, "right"), "IP:127.0.0.1")
        server.start()
        owner = with_tls(server.url, folder / "right.pem")
        upgraded(owner)
        login(server, owner)
        yield server.url.set(username="warsaw", password="a-secret")
    finally:
        server.remove()


def with_tls(url: URL, ca: Path) -> URL:
    """As docs/sites.md says."""
    if url.get_backend_name() == "postgresql":
        return url.update_query_dict({"sslmode": "verify-full", "sslrootcert": str(ca)})
    return url.update_query_dict({"ssl_ca": str(ca)})


def test_two_hosts_share_a_list_over_tls_with_the_writer_role(host_url, folder, hosts, make, wait):
    access = Access(with_tls(host_url, folder / "right.pem"))
    found = hosts(access, "a", "b")
    store = found[0].open()
    store.record(make.event())
    store.close()

    def arrived():
        other = found[1].open()
        try:
            return len(other.events()) == 1
        finally:
            other.close()

    wait.until_now(arrived, 20)
    link = Link(access)
    try:
        assert not link.may_delete()
        asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        if host_url.get_backend_name() != "postgresql":
            asked = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
        with link.reading() as connection:
            assert tuple(connection.execute(text(asked)).one())[-1] not in ("", False)
    finally:
        link.close()


def test_a_server_of_another_authority_is_refused(host_url, folder):
    authority(folder, "wrong")
    with pytest.raises(FeedError, match=r"(?i)certificate verify failed|self.signed|unable to get"):
        Link(Access(with_tls(host_url, folder / "wrong.pem")))


def test_a_server_by_another_name_is_refused(host_url, folder):
    """The certificate is good, but it is not this server's: `localhost` is not in it."""
    with pytest.raises(FeedError, match=r"(?i)does not match|hostname mismatch|not valid for"):
        Link(Access(with_tls(host_url.set(host="localhost"), folder / "right.pem")))


def test_a_host_without_tls_is_refused_by_the_server(host_url):
    plain = {"sslmode": "disable"} if host_url.get_backend_name() == "postgresql" else {"ssl_disabled": "true"}
    with pytest.raises(FeedError, match=r"(?i)no encryption|secure_transport|insecure transport|denied"):
        Link(Access(host_url.update_query_dict(plain)))


def test_a_wrong_password_is_refused_and_not_told(host_url, folder):
    with pytest.raises(FeedError, match=r"(?i)password|denied") as caught:
        Link(Access(with_tls(host_url.set(password="not-the-secret"), folder / "right.pem")))
    assert "not-the-secret" not in str(caught.value)
