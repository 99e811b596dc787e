"""A family of Asterisk's database, where no list of events can be had, and what a refusal says."""

import asyncio

import pytest

from ami.astdb import AstDb, Failed, shown
from ami.link import NotSent, Reply

PRINTED = ["/blacklist/600100200          : 1", "/blacklist/a b      : x : y", "2 results found."]


class Answers:
    """In place of a link: one answer after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def ask_all(self, _headers, _timeout=None):
        return self.answers.pop(0)

    async def ask(self, headers, _timeout=None):
        found = await self.ask_all(headers)
        return found if isinstance(found, NotSent) else found[0]


def all_of(*answers):
    return asyncio.run(AstDb(Answers(*answers), "blacklist").all())


def test_what_the_command_line_prints_is_read():
    assert shown("blacklist", PRINTED) == {"600100200": "1", "a b": "x : y"}
    assert shown("blacklist", ["0 results found."]) == {}
    assert shown("blacklist", ["/other/1 : 1", "0 results found."]) == {}


@pytest.mark.parametrize("cut", [PRINTED[:1], PRINTED[:2], PRINTED[1:], []])
def test_a_cut_print_is_no_answer(cut):
    assert isinstance(shown("blacklist", cut), Failed)


def test_an_asterisk_without_the_action_is_asked_by_the_command_line():
    unknown = [Reply(False, "Invalid/unknown command: DBGetTree")]
    printed = [Reply(True, "Command output follows", {"Output": PRINTED})]
    assert all_of(unknown, printed) == {"600100200": "1", "a b": "x : y"}
    none = [Reply(True, "Command output follows", {"Output": "0 results found."})]
    assert all_of(unknown, none) == {}


def test_a_list_without_its_end_is_no_answer():
    row = Reply(True, "", {"Event": "DBGetTreeResponse", "Key": "/blacklist/1", "Val": "1"})
    assert isinstance(all_of([Reply(True, "Result will follow"), row]), Failed)
    end = Reply(True, "", {"Event": "DBGetTreeComplete"})
    assert all_of([Reply(True, "Result will follow"), row, end]) == {"1": "1"}


def test_a_refusal_says_which_right_is_missing():
    assert "write=reporting" in all_of([Reply(False, "Permission denied")]).why
    assert all_of(NotSent("gone")).why == "gone"
