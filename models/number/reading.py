"""From dialled characters to a number, with one site's habits.

Order: technical prefix, caller-id codes, outside line, international prefix, national. A prefix of
bare digits may also be the beginning of a number, so every reading is tried, the one with more
prefixes taken off first; the first valid one wins, and else the first of possible length.
"""

import re
from collections.abc import Iterable, Iterator

from phonenumbers import ValidationResult

from models.number import plan
from models.number.kinds import NotANumber, Number, Site, Why, extension_pattern
from models.number.written import UNIVERSAL_EMERGENCY, take_apart

_NUMBER = re.compile(r"\+*\d+")
_SUBSCRIBER = 7  # digits; no service code or prefix has as many
_HIDE_OR_SHOW = re.compile(r"[*#]31[#*]|\*(?:67|65|82)")
_HIDE_DIGITS = {
    "AU": ("1831", "1832"),
    "FR": ("3651",),
    "GB": ("1470", "141"),
    "HK": ("133",),
    "JP": ("184", "186"),
}
_LENGTHS = {
    ValidationResult.TOO_LONG: (Why.TOO_LONG, "more digits than the numbering plan has"),
    ValidationResult.INVALID_COUNTRY_CODE: (Why.COUNTRY_CODE, "no country has this calling code"),
}


def understand(raw: str, site: Site) -> Number | NotANumber:
    """The whole answer for one text. Raises ValueError when the site's country has no numbering plan."""
    written = take_apart(raw)
    if isinstance(written, NotANumber):
        return written
    bodies = _bodies(written.dial, site)
    if refusal := _special(bodies, site):
        return refusal
    numbers = _preferred([body for body in bodies if _NUMBER.fullmatch(body)], site)
    if not numbers:
        return _no_number(bodies[-1])
    return _choose(list(_readings(numbers, site)), numbers, written.extension, site)


def _bodies(dial: str, site: Site) -> list[str]:
    """What may be left once prefixes are off: most taken off first, the text as dialled last."""
    hidden = _HIDE_DIGITS.get(site.country, ())
    outside = (site.outside_line,) if site.outside_line else ()
    bodies = [dial]
    for heads in (site.tech_prefixes, hidden, outside, site.tech_prefixes, hidden):
        bodies = [left for body in bodies for left in _without(_shown(body), heads)]
    return list(dict.fromkeys(bodies))


def _preferred(bodies: list[str], site: Site) -> list[str]:
    """With 0 for an outside line, 0048… is rather a written international number than 0 and 048…"""
    if site.outside_line not in ("0", "00") or not bodies or not bodies[-1].startswith("00"):
        return bodies
    return bodies[-1:] + bodies[:-1]


def _shown(body: str) -> str:
    code = _HIDE_OR_SHOW.match(body)
    return body[code.end() :] if code and len(body) > code.end() else body


def _without(body: str, heads: Iterable[str]) -> Iterator[str]:
    for head in sorted(heads, key=len, reverse=True):
        if body.startswith(head) and len(body) > len(head):
            yield _shown(body[len(head) :])
            if not head.isdigit():
                return
    yield body


def _special(bodies: list[str], site: Site) -> NotANumber | None:
    if any(_emergency(body, site) for body in bodies):
        return NotANumber(Why.EMERGENCY, "an emergency number is never listed nor blocked")
    if any(extension_pattern(pattern).fullmatch(bodies[-1]) for pattern in site.internal):
        return NotANumber(Why.INTERNAL, "an internal extension of this site")
    return None


def _no_number(body: str) -> NotANumber:
    if body.startswith(("*", "#")):
        return NotANumber(Why.FEATURE_CODE, "a feature code; no call goes out to a number")
    return NotANumber(Why.NOT_A_NUMBER, "an unknown prefix stands before it (see tech_prefixes)")


def _emergency(body: str, site: Site) -> bool:
    """Rather once too often: also behind any usual outside line, trunk digit, code or unknown prefix."""
    *before, body = re.split(r"[*#]", body)
    if sum(map(len, before)) >= _SUBSCRIBER:  # 600100200#112 is a call to 600100200
        return False
    digits = body.lstrip("+")
    if len(digits) > 12 or not digits.isdigit():
        return False
    home = plan.home(site.country)
    heads = {"0", "9", site.outside_line, site.trunk_prefix, home.national_prefix, home.digits}
    rests = [digits[len(head) :] for head in heads if head and digits.startswith(head)]
    return (
        _is_emergency(digits, site.country)
        or _emergency_abroad(body)
        or any(_is_emergency(rest, site.country) for rest in rests if len(rest) > 2)
    )


def _emergency_abroad(body: str) -> bool:
    digits = body.lstrip("+").removeprefix("00")
    there = plan.calling(digits[:3]) if digits != body else None
    return there is not None and _is_emergency(digits.removeprefix(there.digits), there.region)


def _is_emergency(digits: str, country: str) -> bool:
    return digits in UNIVERSAL_EMERGENCY or plan.is_emergency(digits, country)


def _readings(bodies: list[str], site: Site) -> Iterator[plan.Reading]:
    seen = set()
    for source in (_strong, _weak):
        for body in bodies:
            for digits in source(body, site):
                if digits and digits not in seen:
                    seen.add(digits)
                    yield plan.read(digits)


def _strong(body: str, site: Site) -> Iterator[str]:
    if body.startswith("+"):
        yield body.lstrip("+").removeprefix("00")
        return
    for prefix in sorted(site.international, key=len, reverse=True):
        if prefix and body.startswith(prefix):
            yield body[len(prefix) :]
    home = plan.home(site.country)
    # where a trunk prefix is dialled, a number without it that begins with the country code carries it
    if home.national_prefix and body.startswith(home.digits):
        yield body
    yield plan.national(body, site.country) or ""


def _weak(body: str, site: Site) -> Iterator[str]:
    if body.startswith("+"):
        return
    if body.startswith("00"):
        yield body[2:]
    home = plan.home(site.country)
    for prefix in (site.trunk_prefix, *home.former):
        if prefix and body.startswith(prefix):
            yield home.digits + body[len(prefix) :]
    if "" in site.international:
        yield body


def _choose(found: list[plan.Reading], bodies: list[str], extension: str, site: Site) -> Number | NotANumber:
    valid = list(dict.fromkeys(int(one.digits) for one in found if one.valid))
    if valid:
        return Number(valid[0], extension, tuple(valid[1:]))
    own = plan.home(site.country).digits
    short = [one.digits for one in found] + [own + body for body in bodies if body.isdigit()]
    if any(map(plan.is_short_code, short)):
        return NotANumber(Why.SHORT_CODE, "a short code of its country")
    possible = [int(one.digits) for one in found if one.possible]
    return Number(possible[0], extension) if possible else _no_length(found, bodies)


def _no_length(found: list[plan.Reading], bodies: list[str]) -> NotANumber:
    if not found and all(len(body) <= plan.MAX_DIGITS for body in bodies):
        return NotANumber(Why.TOO_SHORT, "fewer digits than a whole number")
    if not found or any(len(one.digits) > plan.MAX_DIGITS for one in found):
        return NotANumber(Why.TOO_LONG, "more digits than a telephone number can have")
    return NotANumber(*_LENGTHS.get(found[-1].length, (Why.TOO_SHORT, "fewer digits than a whole number")))
