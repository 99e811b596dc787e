"""For any text: what we write is read back by Asterisk's tokenizer as that one word, or is not written."""

from hypothesis import given
from hypothesis import strategies as st

from agi.protocol import MAX_LINE, MAX_WORDS, Environment, ProtocolError, ReplyReader, command, parse_environment, quote

TEXT = st.text() | st.text(st.sampled_from('"\\ \t\n\r\0(),|=${}[]~a9é\u2028\x85\x1b')) | st.from_regex(r'[\\" ]{0,40}')
BYTES = st.binary() | st.lists(st.sampled_from([b"agi_", b"a", b": ", b"\n", b"arg_1", b"\xff", b"\0", b"?"])).map(
    b"".join
)
LINES = st.lists(
    st.sampled_from(
        [b"200 result=1", b"200 result=1 (a", b"b)", b"HANGUP", b"520-x", b"520 End", b"511 x", b"", b") endpos=1"]
    )
    | st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b""))
)


def words_of(line: str) -> list[str]:
    """How Asterisk takes a command line apart (res/res_agi.c, parse_args), as a table of states.

    A quote opens or closes quoted text and is dropped, as is a backslash, whose next character stands for itself; a
    space or tab outside of quoted text ends the word. A word begins with its first character or an opening quote.
    """
    words: list[list[str]] = []
    between, quoted, literal = True, False, False
    for char in line:
        plain = literal or char not in '"\\ \t' or (quoted and char in " \t")
        if not plain and char == "\\":
            literal = True
            continue
        if not plain and char in " \t":
            between = True
            continue
        if not plain:
            quoted = not quoted
        if between and (plain or quoted):
            words.append([])
            between = False
        if plain:
            words[-1].append(char)
        literal = False
    return ["".join(word) for word in words]


def test_the_model_reads_as_asterisk_does():
    """Cases whose reading was seen on Asterisk 22.10.1."""
    assert words_of("SET VARIABLE X y") == ["SET", "VARIABLE", "X", "y"]
    assert words_of('X "a b" c"d e"f') == ["X", "a b", "cd ef"]
    assert words_of('say "hi" there') == ["say", "hi", "there"]
    assert words_of(r'"a\"b\\c" \  ""') == ['a"b\\c', " ", ""]


@given(TEXT)
def test_a_word_is_refused_or_comes_back_as_that_one_word(text):
    try:
        quoted = quote(text)
    except ProtocolError:
        assert any(char in "\r\n\0" or "\ud800" <= char <= "\udfff" for char in text)
        return
    assert not set(quoted) & set("\r\n\0")
    assert words_of(quoted) == [text]


@given(st.lists(TEXT, max_size=70))
def test_a_command_is_refused_or_comes_back_word_by_word(words):
    try:
        line = command("SET VARIABLE", *words)
    except ProtocolError:
        return
    assert len(line) <= MAX_LINE
    assert line.endswith(b"\n")
    assert not any(byte in line[:-1] for byte in b"\r\n\0")
    read = words_of(line[:-1].decode())
    assert read == ["SET", "VARIABLE", *words]
    assert len(read) <= MAX_WORDS


@given(BYTES)
def test_any_bytes_are_an_environment_or_a_protocol_error(raw):
    try:
        found = parse_environment(raw)
    except ProtocolError:
        return
    assert isinstance(found, Environment)
    assert found.variables
    assert all("\n" not in value for value in found.variables.values())


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_any_script_has_a_path_and_a_query(script):
    found = parse_environment(f"agi_network_script: {script}".encode())
    assert "?" not in found.path
    assert isinstance(found.query, dict)


@given(LINES)
def test_any_lines_are_replies_or_a_protocol_error(lines):
    reader = ReplyReader()
    for line in lines:
        try:
            reply = reader.feed(line)
        except ProtocolError:
            return
        assert reply is None or 0 <= reply.code <= 999
