"""From a row as it is written to a number and its terms, with a site's habits; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from models.exchange.kinds import FileRefused, Item, Listed, Refused, Row, shown
from models.number import NotANumber, Site, Why, interpret
from models.number.quick import quick
from models.suppression import is_campaign_name
from models.until import end_of

_EUROPEAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_FORMULA = re.compile(r'\s*="([^"]*)"\s*')  # how a spreadsheet is kept from taking a number for one
_YES = frozenset({"yes", "y", "1", "true", "allow", "tak"})
_NO = frozenset({"", "no", "n", "0", "false", "refuse", "block", "nie"})
_LONGEST = 1000  # characters of a reason
_FAR = 10_000_000_000  # numbers of a range; a whole country


def read_rows(items: Iterable[Item], site: Site, *, force: bool = False) -> Iterator[tuple[int, Listed] | Refused]:
    """(line, entry) or why not, row by row. `force`: numbers of no numbering plan too.

    Raises FileRefused when a number has lost digits.
    """
    fast = quick(site)
    for item in items:
        if isinstance(item, Refused):
            yield item
            continue
        number: int | Refused | None
        number = item.number if isinstance(item.number, int) else fast(item.number.strip())
        if number is None:
            number = _number(str(item.number), item.line, site, force=force or item.last is not None)
        if isinstance(number, Refused):
            yield number
        elif item[2:5] == _PLAIN and item[6:] == _REST:
            yield item.line, Listed(number, None, "", None, _told(item.reason))
        else:
            yield _with_terms(item, number, site)


_PLAIN, _REST = Row(0, 0)[2:5], Row(0, 0)[6:]  # nothing but a reason


def _number(text: str, line: int, site: Site, *, force: bool) -> int | Refused:
    formula = _FORMULA.fullmatch(text)
    found = interpret(formula[1] if formula else text, site)
    if isinstance(found, NotANumber):
        if found.why is Why.EXPONENT:
            raise FileRefused(f"line {line}: {shown(text)}: {found.detail}")
        return Refused(line, shown(text), f"{found.why.value}: {found.detail}")
    if found.also:
        readings = " or ".join(f"+{one}" for one in (found.e164, *found.also))
        return Refused(line, shown(text), f"can be read as {readings}; write the one that is meant with +")
    if not force and not found.valid:
        return Refused(line, shown(text), "in no numbering plan; check the digits, or add --force")
    return found.e164


def _with_terms(row: Row, number: int, site: Site) -> tuple[int, Listed] | Refused:
    last = _last(row, number, site)
    if isinstance(last, Refused):
        return last
    if row.campaign and not is_campaign_name(row.campaign):
        return Refused(row.line, shown(row.campaign), "no name of a campaign: letters, digits, _ . - only, at most 64")
    times = [moment(text, late=late) for text, late in ((row.until, True), (row.at, False))]
    for text, found in zip((row.until, row.at), times, strict=True):
        if isinstance(found, str):
            return Refused(row.line, shown(text), found)
    allow = row.allow.casefold()
    if allow not in _YES | _NO:
        return Refused(row.line, shown(row.allow), "neither yes nor no in the column `allow`")
    until, at = (None if isinstance(one, str) else one for one in times)
    told = _told(row.reason), _told(row.source)[:40]
    return row.line, Listed(number, last, row.campaign.lower(), until, *told, at, allow in _YES)


def _told(text: str) -> str:
    """Half characters, which UTF-7 and escapes may leave, would be refused by the database."""
    text = text[:_LONGEST]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _last(row: Row, number: int, site: Site) -> int | Refused | None:
    if row.last is None:
        return None
    last = row.last
    if isinstance(last, str):
        read = _number(last, row.line, site, force=True)
        if isinstance(read, Refused):
            return read
        last = read
    if last == number:
        return None
    what = f"+{number} to +{last}"
    if len(str(last)) != len(str(number)):
        return Refused(row.line, what, "both ends of a range must have as many digits")
    if not number < last < number + _FAR:
        return Refused(row.line, what, "no range from a lower number to a higher one")
    return last


def moment(text: str, *, late: bool) -> datetime | str | None:
    """A date (ISO, or 31.12.2027) or a time with its zone; `late`: a date holds through that day everywhere on earth.

    Empty and the last day of the calendar are None; what is neither is told in words.
    """
    text = text.strip()
    if not text or text.startswith("9999-12-31") or text == "0000-00-00":
        return None
    if european := _EUROPEAN.fullmatch(text):
        text = f"{european[3]}-{int(european[2]):02}-{int(european[1]):02}"
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return "no date such as 2027-03-31"
    return end_of(found.date()) if late else found.replace(tzinfo=UTC)
