"""Lines wait a moment for company, never longer, and none is lost."""

import asyncio
import io
import logging
import subprocess
import sys

import pytest

from concierge.log_lines import FORMAT, Together


@pytest.fixture
def told(tmp_path):
    """A logger that writes to a file, and what stands in it."""
    with (tmp_path / "log").open("w") as stream:
        handler = Together(stream)
        logger = logging.Logger("test")
        logger.addHandler(handler)
        yield logger, (tmp_path / "log").read_text
        handler.close()


async def test_lines_of_the_same_moment_are_written_together_and_in_order(told):
    logger, text = told
    logger.info("one")
    logger.info("two")
    assert text() == ""
    async with asyncio.timeout(10):
        while not text():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.005)
    assert text() == "one\ntwo\n"


async def test_a_warning_does_not_wait_nor_what_came_before_it(told):
    logger, text = told
    logger.info("one")
    logger.warning("two")
    assert text() == "one\ntwo\n"


def test_outside_of_an_event_loop_nothing_waits(told):
    logger, text = told
    logger.info("one")
    assert text() == "one\n"


def test_a_stream_without_a_file_descriptor_will_do():
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(Together(stream))
    logger.info("one")
    assert stream.getvalue() == "one\n"


ENDS = f"""
import asyncio, logging, sys
from concierge.log_lines import Together
logging.basicConfig(level="INFO", handlers=[Together(sys.stderr)], format={FORMAT!r})
async def main():
    logging.info("the last words %s", "\\udcff")
asyncio.run(main())
"""


def test_the_end_of_the_process_loses_no_line():
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, check=True)
    assert "INFO root the last words \\udcff" in done.stderr
