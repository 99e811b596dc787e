"""A PBX on another host: encrypted, and only with one that proves who it is."""

import ssl
import subprocess

import pytest

from ami.link import Access, Link, Timing, Untrusted, open_link

TIMING = Timing(connect=2, login=2, answer=2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
async def encrypted(server, certificate):
    """The fake manager behind TLS."""
    import asyncio

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    front = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=context)
    yield front.sockets[0].getsockname()[1]
    front.close()


def trusting(path):
    return ssl.create_default_context(cafile=str(path))


async def test_a_login_over_tls(encrypted, access, certificate):
    link = await open_link(
        Access(access.user, access.secret, "localhost", encrypted, trusting(certificate / "cert.pem")), TIMING, print
    )
    assert isinstance(link, Link)
    link.close("done")


async def test_a_certificate_of_somebody_else_gets_no_secret(encrypted, access, server):
    link = await open_link(
        Access(access.user, access.secret, "localhost", encrypted, ssl.create_default_context()), TIMING, print
    )
    assert isinstance(link, Untrusted)
    assert "self-signed certificate" in str(link)
    assert "ca_file" in str(link)
    assert server.of("Login") == []


async def test_a_certificate_for_another_name_gets_no_secret(encrypted, access, server, certificate):
    context = trusting(certificate / "cert.pem")
    link = await open_link(Access(access.user, access.secret, "127.0.0.1", encrypted, context), TIMING, print)
    assert isinstance(link, Untrusted)
    assert server.of("Login") == []


async def test_a_port_without_tls_gets_no_secret(access, server):
    link = await open_link(
        Access(access.user, access.secret, "localhost", access.port, ssl.create_default_context()), TIMING, print
    )
    assert isinstance(link, Untrusted)
    assert "tlsenable" in str(link)
    assert server.of("Login") == []
