"""Differential fuzzing of dialplan.expression.regex against the C library's regcomp and regexec.

python tests/fuzz/regexes.py --count 100000 --seed 1
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dialplan.expression.regex import search
from dialplan.expression.value import UnknowableError

_ATOMS = r"""
a b c . ^ $ * + ? ( ) | [ab] [^a] {2} {1,2} {,2} {1,} { } [0-9] 1 [[:digit:]] \ \. \w \b \< - [a-
[]a] [^]b] (a|ab) (b*) ( () [b-a] [[:x:]] {3,1} {0} {,} [a-c-e] [--a] [[.-.]] [[=a=]b] [[: [[a]
"""
_GROUPS = r"""
a b . * + ? (a|ab) (a*) (b|bc|c) ( ( ) ) | ^ $ [ab] {1,2} ((a)|b) c
"""
ATOMS, GROUPS = _ATOMS.split(), _GROUPS.split()
EXTENDED = 1
GROUP_COUNT_OFFSET = 48  # re_nsub in glibc's regex_t

Answer = tuple[tuple[int, int] | None, str | None, int] | None


def in_c(pattern: str, text: str) -> Answer:
    """Span, group 1 and number of groups; None when the pattern does not compile."""
    library = ctypes.CDLL(None)
    compiled = ctypes.create_string_buffer(256)
    if library.regcomp(compiled, pattern.encode(), EXTENDED):
        return None
    groups = ctypes.c_size_t.from_buffer(compiled, GROUP_COUNT_OFFSET).value
    places = (ctypes.c_int * 4)()
    missed = library.regexec(compiled, text.encode(), 2, places, 0)
    library.regfree(compiled)
    if missed:
        return None, None, groups
    return (places[0], places[1]), text[places[2] : places[3]] if places[2] >= 0 else None, groups


def ours(pattern: str, text: str) -> Answer:
    """The same from us."""
    found = search(pattern, text)
    return None if found is None else (found.span, found.group, found.groups)


def compare(count: int, seed: int, show: int) -> collections.Counter[str]:
    """Random patterns on random texts; prints at most `show` differences."""
    generator, totals = random.Random(seed), collections.Counter[str](patterns=count, different=0, unknown=0)
    for _ in range(count):
        atoms = generator.choice([ATOMS, GROUPS])
        pattern = "".join(generator.choices(atoms, k=generator.randint(1, 9)))
        text = "".join(generator.choices("aabbc1-. ", k=generator.randint(0, 6)))
        try:
            found = ours(pattern, text)
        except UnknowableError:
            totals["unknown"] += 1
            continue
        wanted = in_c(pattern, text)
        totals["equal" if found == wanted else "different"] += 1
        if found != wanted and totals["different"] <= show:
            print(f"{pattern!r} on {text!r}: C {wanted}, ours {found}")
    return totals


def main() -> int:
    """The command; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    totals = compare(arguments.count, arguments.seed, arguments.show)
    print(dict(totals))
    return int(totals["different"] > 0)


if __name__ == "__main__":
    sys.exit(main())
