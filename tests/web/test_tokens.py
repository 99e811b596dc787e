"""What is kept of a token cannot be turned back into it, and nobody else can read it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from web.tokens import Holder, Scope, TokenError, TokenFile

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    return TokenFile(tmp_path / "list.db.tokens")


def test_a_token_is_found_and_another_is_not(file):
    token = file.add("crm", Scope.WRITE, NOW)
    other = file.add("dialer", Scope.READ, NOW)
    assert file.find(token.encode()) == Holder("crm", Scope.WRITE)
    assert file.find(other.encode()) == Holder("dialer", Scope.READ)
    for wrong in (token[:-1], token + "x", "", "x" * 10_000, token.upper()):
        assert file.find(wrong.encode()) is None


def test_only_salted_digests_are_kept_with_mode_600(file):
    tokens = [file.add(name, Scope.READ, NOW) for name in ("a", "b")]
    text = file.path.read_text()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert not any(token in text or token.removeprefix("concierge_") in text for token in tokens)
    kept = json.loads(text)["tokens"]
    assert len({one["salt"] for one in kept}) == len({one["digest"] for one in kept}) == len(set(tokens)) == 2
    assert all(len(token) >= 43 for token in tokens)


def test_a_name_is_taken_once_and_holds_no_telephone_number(file):
    file.add("crm", Scope.READ, NOW)
    for name in ("crm", "", "two words", "a\nb", "x48600100200", "1st", "a" * 41):
        with pytest.raises(TokenError):
            file.add(name, Scope.READ, NOW)
    assert [one.name for one in file.all()] == ["crm"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 2, "tokens": []}', '{"version": 1, "tokens": [{}]}', '{"version": 1}']
)
def test_a_damaged_file_lets_nobody_in_and_is_named(file, text):
    file.path.write_text(text)
    file.path.chmod(0o600)
    with pytest.raises(TokenError, match=r"list\.db\.tokens"):
        file.find(b"concierge_x")


def test_a_file_that_others_can_read_is_refused_with_what_to_do(file):
    file.add("crm", Scope.READ, NOW)
    file.path.chmod(0o640)
    with pytest.raises(TokenError, match="chmod 600"):
        TokenFile(file.path).find(b"x")


def test_two_who_add_at_once_lose_none(file):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: TokenFile(file.path).add(f"t{number}", Scope.READ, NOW), range(20)))
    assert {one.name for one in file.all()} == {f"t{number}" for number in range(20)}
