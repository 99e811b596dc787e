"""What the linter says exists is what matching finds: in doubt (callers, times) yes, never wrongly no."""

from __future__ import annotations

import random

import pytest

from dialplan.places import Places
from dialplan.plan import loads, match

NAMES = ("s", "i", "t", "1", "12", "1-2", "_X", "_X.", "_1X", "_[12]!", "_.", "_s-.", "s-BUSY", "123")
NUMBERS = ("s", "i", "t", "h", "1", "2", "12", "123", "4", "*", "s-BUSY", "s-NOANSWER", "#")
CONTEXTS = ("a", "b", "c", "d")


def random_plan(seed: int, certain: bool) -> str:
    """Contexts with patterns, gaps, labels and includes (cycles too); callers and times unless `certain`."""
    dice = random.Random(seed)
    lines = []
    for context in CONTEXTS:
        lines.append(f"[{context}]")
        for _ in range(dice.randint(0, 5)):
            cid = "" if certain or dice.random() < 0.7 else dice.choice(["/", "/100", "/_2X"])
            name, priority = dice.choice(NAMES), dice.randint(1, 3)
            lines.append(f"exten => {name}{cid},{priority}(l{dice.randint(1, 3)}),NoOp()")
        for _ in range(dice.randint(0, 2)):
            timing = "" if certain or dice.random() < 0.7 else ",9:00-17:00,mon-fri,*,*"
            lines.append(f"include => {dice.choice([*CONTEXTS, 'missing'])}{timing}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("certain", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_places_agree_with_matching(seed: int, certain: bool) -> None:
    plan = loads(random_plan(seed, certain).encode())
    places = Places(plan)
    for context in CONTEXTS:
        for number in NUMBERS:
            for priority in (1, 2, 3, 4):
                found = [match.find(plan, context, number, priority, caller) for caller in (None, "100", "25")]
                exists = places.exists(context, number, priority)
                assert exists or not any(found), (context, number, priority)
                if certain:
                    assert exists == (found[0] is not None), (context, number, priority)


def test_contexts_that_may_be_current_and_the_order_of_search() -> None:
    plan = loads(b"[a]\ninclude => b\ninclude => c\n[b]\ninclude => a\n[c]\n[d]\ninclude => c\n")
    places = Places(plan)
    assert places.currents("c") == ("c", "a", "d", "b")
    assert [context.name for context in places.path("a")] == ["a", "b", "c"]
    assert [context.name for context in places.path("d")] == ["d", "c"]
    assert places.path("nowhere") == ()


def test_a_switch_or_the_parking_module_may_add_extensions() -> None:
    plan = loads(b"[a]\ninclude => b\n[b]\nswitch => IAX2/x\n[c]\ninclude => parkedcalls\n[d]\nexten => 1,1,Hangup()\n")
    places = Places(plan)
    assert [places.open_ended(name) for name in ("a", "b", "c", "d", "parkedcalls")] == [
        True,
        True,
        True,
        False,
        True,
    ]
