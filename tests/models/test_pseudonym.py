"""Names of numbers that join and that nobody turns back."""

import pytest

from models.number import masked, name_numbers, without_numbers
from models.pseudonym import Pseudonyms


def test_a_name_is_stable_and_of_its_key():
    one, other = Pseudonyms(b"k" * 32), Pseudonyms(b"l" * 32)
    assert one(48600100200) == one(48600100200) != one(48600100201)
    assert one(48600100200) != other(48600100200)
    assert len(one(48600100200)) == 21 and "600" not in one(48600100200)[:4]


def test_it_is_the_hmac_that_anybody_with_the_key_can_compute():
    """python -c "import hmac; print(hmac.digest(b'k'*16, b'48600100200', 'sha256').hex()[:20])" """
    import hashlib
    import hmac

    wanted = hmac.new(b"k" * 16, b"48600100200", hashlib.sha256).hexdigest()[:20]
    assert Pseudonyms(b"k" * 16)(48600100200) == f"~{wanted}"


def test_a_key_that_could_be_guessed_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


def test_log_lines_show_them():
    name = Pseudonyms(b"k" * 32)
    name_numbers(name)
    try:
        assert masked(48600100200) == name(48600100200)
        assert without_numbers("called +48 600 100 200") == f"called {name(48600100200)}"
    finally:
        name_numbers(None)
    assert masked(48600100200) == "+486***200"
