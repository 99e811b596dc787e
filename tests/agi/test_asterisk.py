"""What we write, read back by a real Asterisk."""

import asyncio
import os
import random

import pytest

from agi.handlers import GetVariable, Outcome, SetVariable
from agi.protocol import MAX_WORDS, command
from agi.server import Limits
from concierge.lab.config import PbxOptions
from concierge.lab.errors import LabMissingError
from concierge.lab.pbx import Pbx
from concierge.lab.provision import VERSIONS

pytestmark = pytest.mark.asterisk

ALPHABET = [chr(code) for code in range(1, 256) if chr(code) not in "\r\n"] + list('"\\ \t(){}$[],|;=żł\u2028😀') * 10
DIALPLAN = "[agi-test]\nexten => s,1,AGI(agi://127.0.0.1:{port}/{path})\n same => n,Hangup()\n"


def _texts() -> list[str]:
    """Of at most 1,023 bytes: GET VARIABLE reads no more (res/res_agi.c, handle_getvariable: a buffer of 1,024)."""
    source = random.Random(1)
    texts = ["", " ", '"', "\\", '\\"', '""', "hangup", "HANGUP", "200 result=1 (x)", "${EXTEN}", "a,b;c", "x" * 1_023]
    return texts + ["".join(source.choices(ALPHABET, k=source.randrange(1, 200))) for _ in range(200)]


@pytest.fixture(scope="module", params=VERSIONS)
def pbx(request):
    """One PBX of each version; without one a skip, and under CI a failure."""
    try:
        pbx = Pbx(request.param, PbxOptions())
    except LabMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with pbx:
        yield pbx


def _originate(pbx) -> None:
    with pbx.ami() as ami:
        ami.originate("Local/s@agi-test/n", wait=False)


async def _call(pbx, port: int, path: str) -> None:
    await asyncio.to_thread(pbx.set_extensions, DIALPLAN.format(port=port, path=path))
    await asyncio.to_thread(_originate, pbx)


async def test_every_word_comes_back_from_asterisk_as_it_was_written(start, pbx):
    texts, read = _texts(), []

    def words(environment):
        for text in texts:
            yield SetVariable("CONCIERGE_TEST", text)
            read.append((yield GetVariable("CONCIERGE_TEST")))
        return Outcome("done")

    bench = await start(handlers={"words": words}, limits=Limits(session_timeout=30))
    await _call(pbx, bench.server.port, "words?campaign=spring")
    async with asyncio.timeout(30):
        await bench.until(lambda: bench.lines())
    await bench.idle()
    assert [line.split()[0] for line in bench.lines()] == ["decision=done"]
    assert read == texts
    assert pbx.alive()


async def test_as_many_words_as_are_allowed_do_not_harm_asterisk(pbx):
    """Some 128 quoted words abort 22.10.1."""
    reply = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        await reader.readuntil(b"\n\n")
        writer.write(command("NOOP", *["x"] * (MAX_WORDS - 1)))
        reply.set_result(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        await _call(pbx, server.sockets[0].getsockname()[1], "")
        assert await reply == b"200 result=0\n"
    assert pbx.alive()
