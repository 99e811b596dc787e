"""Bytes to values and back, without sockets."""

import pytest

from agi.protocol import (
    MAX_LINE,
    MAX_WORDS,
    ProtocolError,
    ReplyReader,
    Status,
    command,
    parse_environment,
    quote,
)


def _environment(**variables):
    return parse_environment("".join(f"agi_{name}: {value}\n" for name, value in variables.items()).encode())


def test_variables_come_without_their_prefix():
    found = _environment(callerid="5551000", accountcode="", calleridname="a: b")
    assert (found.get("callerid"), found.get("accountcode"), found.get("calleridname")) == ("5551000", "", "a: b")
    assert found.get("never_sent") == ""


def test_arguments_are_counted_from_one_and_may_be_empty():
    found = _environment(network="yes", arg_1="48", arg_2="", arg_3="spring")
    assert [found.argument(n) for n in range(-1, 6)] == ["", "", "48", "", "spring", "", ""]


def test_only_one_space_after_the_colon_is_not_part_of_the_value():
    assert parse_environment(b"agi_a:  x \nagi_b:y").variables == {"a": " x ", "b": "y"}


@pytest.mark.parametrize(
    ("script", "path", "query"),
    [
        ("outbound", "outbound", {}),
        ("/outbound/", "outbound", {}),
        ("outbound?campaign=spring", "outbound", {"campaign": "spring"}),
        ("outbound?campaign=a%20b&x=&x=2", "outbound", {"campaign": "a b", "x": "2"}),
        ("//evil/outbound?campaign=x", "evil/outbound", {"campaign": "x"}),
        ("a/b?c=[", "a/b", {"c": "["}),
        ("?campaign=x", "", {"campaign": "x"}),
        ("", "", {}),
    ],
)
def test_the_script_is_a_path_with_a_query(script, path, query):
    found = _environment(network_script=script)
    assert (found.path, found.query) == (path, query)


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"x", b"agi_a: 1\nb: 2", b"agi_a", b"AGI_A: 1", b"agi_a: 1\nagi_a: 1", b"\xff\xfe\0"]
)
def test_what_is_no_environment_is_an_error(raw):
    with pytest.raises(ProtocolError):
        parse_environment(raw)


def _read(*lines):
    reader = ReplyReader()
    return [reply for line in lines if (reply := reader.feed(line))], reader


@pytest.mark.parametrize(
    ("line", "status", "result", "value"),
    [
        ("200 result=1", Status.DONE, "1", ""),
        ("200 result=0", Status.DONE, "0", ""),
        ("200 result=1 (x)", Status.DONE, "1", "x"),
        ("200 result=1 ()", Status.DONE, "1", ""),
        ("200 result=1 (a (b) c)", Status.DONE, "1", "a (b) c"),
        ("200 result=1 (200 result=0)", Status.DONE, "1", "200 result=0"),
        ("200 result=57 endpos=8000", Status.DONE, "57", ""),
        ("200 result=0 (timeout) endpos=8000", Status.DONE, "0", "timeout"),
        ("200 result= (timeout)", Status.DONE, "", "timeout"),
        ("200 result=12#", Status.DONE, "12#", ""),
        ("200 result=-1", Status.FAILED, "-1", ""),
        ("200 result=-2", Status.UNKNOWN, "-2", ""),
        ("510 Invalid or unknown command", Status.UNKNOWN, "", ""),
        ("511 Command Not Permitted on a dead channel or intercept routine", Status.FAILED, "", ""),
        ("520 Invalid command syntax.  Proper usage not available.", Status.MISUSED, "", ""),
        ("503 something new", Status.FAILED, "", ""),
    ],
)
def test_one_line_replies(line, status, result, value):
    (reply,), _ = _read(line.encode())
    assert (reply.status, reply.result, reply.value) == (status, result, value)
    assert str(reply.code) == line[:3]


@pytest.mark.parametrize("line", ["", "x", "20", "2000", "200", "200x result=1", "result=1", "٢٠٠ result=1", "200 ok"])
def test_what_is_no_reply_is_an_error(line):
    with pytest.raises(ProtocolError):
        ReplyReader().feed(line.encode())


def test_a_value_with_line_breaks_is_put_together():
    (first, second), _ = _read(b"200 result=1 (one", b"two)x", b"", b"HANGUP", b"three)", b"200 result=1")
    assert first.value == "one\ntwo)x\n\nHANGUP\nthree"
    assert second.value == ""


def test_usage_is_kept_whole_and_the_next_reply_is_its_own():
    """panoramisk P5: only one line of it is read."""
    (usage, done), _ = _read(
        b"520-Invalid", b"Usage: X", b" 200 result=1", b"520 End of proper usage.", b"200 result=7"
    )
    assert (usage.status, usage.lines, done.result) == (Status.MISUSED, ("Usage: X", " 200 result=1"), "7")


def test_hangup_is_remembered_and_is_no_reply():
    replies, reader = _read(b"HANGUP", b"200 result=1", b"HANGUP")
    assert len(replies) == 1
    assert reader.hung_up


@pytest.mark.parametrize(("line", "most"), [(b"520-", 500), (b"520-" + b"x" * 996, 16), (b"HANGUP", 16_384 // 7)])
def test_a_reply_is_bounded_in_bytes_and_in_lines(line, most):
    reader = ReplyReader()
    for _ in range(most):
        reader.feed(line)
    with pytest.raises(ProtocolError, match="more than 16384 bytes or 500 lines"):
        reader.feed(line)


def test_many_short_replies_are_not_counted_together():
    replies, _ = _read(*[b"200 result=1"] * 10_000)
    assert len(replies) == 10_000


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b", "\n", "\ud800", "é\udcff"])
def test_what_cannot_be_said_is_refused(word):
    with pytest.raises(ProtocolError):
        quote(word)


def test_at_most_64_words_the_command_included():
    """More than 127 words that begin with a quote abort Asterisk 22.10.1."""
    assert command("SET VARIABLE", *["x"] * (MAX_WORDS - 2))
    with pytest.raises(ProtocolError, match="63 words after SET VARIABLE"):
        command("SET VARIABLE", *["x"] * (MAX_WORDS - 1))


def test_at_most_2000_bytes_the_line_break_included():
    spare = MAX_LINE - len(command("SET VARIABLE", "X", ""))
    assert len(command("SET VARIABLE", "X", "a" * spare)) == MAX_LINE
    for text in ("a" * (spare + 1), "é" * (spare // 2 + 1), '"' * (spare // 2 + 1)):
        with pytest.raises(ProtocolError, match="at most 2000"):
            command("SET VARIABLE", "X", text)
