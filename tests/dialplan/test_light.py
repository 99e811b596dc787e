"""The records of dialplan.light behave as those of the standard library."""

from __future__ import annotations

# ruff: noqa: S301 - what is loaded was dumped one line before
import pickle

import pytest

from dialplan.light import NamedTuple, dataclass, field, pattern, replace


@dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    count: int = 1
    more: tuple[str, ...] = ()


@dataclass(slots=True)
class Open:
    items: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plain:
    text: str = "x"


class Pair(NamedTuple):
    """Two."""

    one: int
    two: str = "2"

    def both(self) -> str:
        return f"{self.one}{self.two}"


def test_a_record_is_made_compared_hashed_and_shown_by_its_fields() -> None:
    assert Frozen("a", more=("b",)) == Frozen("a", 1, ("b",))
    assert Frozen("a") != Frozen("b")
    assert Frozen("a") != Plain("a")
    assert len({Frozen("a"), Frozen("a"), Frozen("a", 2)}) == 2
    assert repr(Frozen("a")) == "Frozen(name='a', count=1, more=())"
    assert Plain() == Plain("x")


def test_a_frozen_record_cannot_be_changed_and_replace_makes_another() -> None:
    one = Frozen("a")
    with pytest.raises(AttributeError, match="count"):
        one.count = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="count"):
        del one.count  # type: ignore[misc]
    assert replace(one, count=2) == Frozen("a", 2)
    assert one == Frozen("a")


def test_a_factory_makes_a_default_for_each_object() -> None:
    one, other = Open(), Open()
    one.items.append("x")
    assert other.items == []
    assert Open(["x"]) == one
    with pytest.raises(TypeError):
        hash(one)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="name"):
        Frozen()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="other"):
        Frozen("a", other=1)  # type: ignore[call-arg]


def test_records_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(Frozen("a", 3))) == Frozen("a", 3)
    assert pickle.loads(pickle.dumps(Plain("y"))) == Plain("y")


def test_records_match_in_patterns() -> None:
    match Frozen("a", 5):
        case Frozen("a", count):
            assert count == 5
        case _:
            pytest.fail("no match")


def test_a_named_tuple_has_defaults_methods_and_its_text() -> None:
    pair = Pair(1)
    assert (pair, pair.both(), Pair.__doc__, pair._replace(two="b")) == ((1, "2"), "12", "Two.", (1, "b"))
    assert pickle.loads(pickle.dumps(pair)) == pair


def test_a_pattern_is_one_of_re() -> None:
    digits = pattern(r"\d+")
    found = digits.search("a12")
    assert found is not None
    assert found[0] == "12"
    assert digits.sub("-", "1a2") == "-a-"
