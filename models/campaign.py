"""PURE: a campaign is data: why people are called, when, how often, and on what legal basis.

Read from and written to plain mappings, so that a YAML file under version control is the whole of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any

from models.caps import Cap, cap_of
from models.errors import CampaignError
from models.hours import Windows, parse_windows, written
from models.suppression import is_campaign_name

BASES = ("consent", "existing-customer", "service", "emergency")
STATES = ("active", "paused", "removed")
REASONS = (
    "contract-ends",
    "deposit-matures",
    "new-model",
    "service-follow-up",
    "apology",
    "promised-callback",
    "greeting",
)  # occasions; any other words do too
BIRTHDAY = "birthday"
_DAY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_KEY = re.compile(r"[0-9*#A-D]")


@dataclass(frozen=True, slots=True)
class Preset:
    """Caps and days that go by one name. `source`: where they come from; not `verified`: that text was not read, or
    it is nobody's law."""

    source: str
    verified: bool = False
    caps: tuple[Cap, ...] = ()
    days: tuple[str, ...] = ()


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "reg-f": Preset(
            "12 CFR 1006.14(b)(2): calls about one debt; a rolling week is never shorter than seven calendar days",
            True,
            (
                Cap("matter", "attempt", "7d", 7, "all", "Reg F 7 in 7 days"),
                Cap("matter", "conversation", "7d", 1, "all", "Reg F 7 days after a conversation"),
            ),
        ),
        "florida": Preset(
            "Fla. Stat. 501.616(6)(b); the same subject is the product here",
            True,
            (Cap("number", "attempt", "24h", 3, "product", "Florida 3 in 24 h"),),
        ),
        "uk-abandoned": Preset(
            "hearsay of another dialer; the number was not seen in Ofcom's own text",
            caps=(Cap("number", "abandoned", "72h", 1, "all", "UK 72 h after an abandoned call"),),
        ),
        "rest": Preset(
            "nobody's law: the same client is left alone for a fortnight by other campaigns",
            caps=(
                Cap("number", "attempt", "14d", 1, "others", "rest after another campaign"),
                Cap("person", "attempt", "14d", 1, "others", "rest of the person after another campaign"),
            ),
        ),
        "greetings": Preset("nobody's law: birthday and New Year, nothing else", days=(BIRTHDAY, "01-01")),
        "every-two-years": Preset(
            "nobody's law: what is bought rarely",
            caps=(Cap("number", "conversation", "2y", 1, "product", "once in two years"),),
        ),
        "once-a-day": Preset("nobody's law", caps=(Cap("number", "attempt", "day", 1, "campaign", "once a day"),)),
    }
)


@dataclass(frozen=True, slots=True)
class OptOut:
    """Which key means what (`all`, `campaign`), and what follows it: `hangup`, `operator`, `continue`, or empty: as the
    site has it.
    """

    digits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    after: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """All that is known of one.

    `reason` is the occasion; `consent`: `required`, `not-needed`, or empty: as the law of the called country has it for
    this `basis`; `country`: a rule set beside the called country's, `none` for no rule set at all; `days`: the only
    days of the year (`birthday`, `01-01`); `owner`: only the lead's own manager may call; `source`: a lead must say
    where it comes from.
    """

    name: str
    purpose: str = ""
    reason: str = ""
    product: str = ""
    value: str = ""
    basis: str = ""
    consent: str = ""
    country: str = ""
    caller_id: str = ""
    windows: Windows | None = None
    holidays: str = ""
    days: tuple[str, ...] = ()
    caps: tuple[Cap, ...] = ()
    presets: tuple[str, ...] = ()
    owner: bool = False
    source: bool = False
    opt_out: OptOut = OptOut()
    prompts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    state: str = "active"

    @property
    def all_caps(self) -> tuple[Cap, ...]:
        """Its own and those of its presets."""
        return (*self.caps, *(cap for name in self.presets for cap in PRESETS[name].caps))

    @property
    def all_days(self) -> tuple[str, ...]:
        """Its own and those of its presets; none: any day."""
        return tuple(dict.fromkeys((*self.days, *(day for name in self.presets for day in PRESETS[name].days))))

    @property
    def topic(self) -> str:
        """What a consent has to be about: the purpose, else the product, else the campaign."""
        return (self.purpose or self.product or self.name).lower()


def campaign_of(raw: Any) -> Campaign:
    """From data. Raises CampaignError with every mistake, a line each."""
    if not isinstance(raw, Mapping):
        raise CampaignError("a campaign is a table of keys and values; `concierge campaign show NAME` prints one")
    reader = _Reader(raw)
    found = reader.campaign()
    if reader.mistakes or found is None:
        name = raw.get("name", "?")
        raise CampaignError("\n".join(f"campaign {name}: {one}" for one in reader.mistakes))
    return found


def data_of(campaign: Campaign) -> dict[str, Any]:
    """The reverse: what is not the default."""
    plain = Campaign(campaign.name)
    found: dict[str, Any] = {"name": campaign.name}
    for one in fields(Campaign):
        value = getattr(campaign, one.name)
        if value != getattr(plain, one.name):
            found[one.name] = _plain(one.name, value)
    return found


def _plain(key: str, value: Any) -> Any:
    if key == "windows":
        return written(value)
    if key == "opt_out":
        parts = {"digits": dict(value.digits), "after": value.after}
        return {name: part for name, part in parts.items() if part}
    if key == "caps":
        return [cap_data(cap) for cap in value]
    if key == "prompts":
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def cap_data(cap: Cap) -> dict[str, Any]:
    """As in YAML; what is not the default."""
    always = ("key", "kind", "window", "limit", "scope")
    plain = Cap()
    values = {one.name: getattr(cap, one.name) for one in fields(Cap)}
    kept = {key: value for key, value in values.items() if key in always or value != getattr(plain, key)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}


class _Reader:
    """Collects mistakes."""

    def __init__(self, raw: Mapping[Any, Any]) -> None:
        self._raw = raw
        self.mistakes: list[str] = []

    def campaign(self) -> Campaign | None:
        """None when there are mistakes."""
        known = [one.name for one in fields(Campaign)]
        for key in self._raw:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are: {', '.join(known)}"
                self.mistakes.append(f"{key}: unknown key; {hint}")
        name = self._text("name")
        if not is_campaign_name(name):
            self.mistakes.append(f"name: {name!r}: letters, digits, _ . - only, at most 64")
        words = {key: self._text(key) for key in ("purpose", "reason", "product", "value", "caller_id")}
        found = Campaign(
            name=name,
            **words,
            basis=self._word("basis", BASES),
            consent=self._word("consent", ("required", "not-needed")),
            country=self._country(),
            windows=self._windows(),
            holidays=self._word("holidays", ("allow", "refuse")),
            days=self._days(),
            caps=self._caps(),
            presets=self._presets(),
            owner=self._flag("owner"),
            source=self._flag("source"),
            opt_out=self._opt_out(),
            prompts=MappingProxyType({str(key): str(value) for key, value in self._table("prompts").items()}),
            state=self._word("state", STATES) or "active",
        )
        return None if self.mistakes else found

    def _text(self, key: str) -> str:
        value = self._raw.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
            self.mistakes.append(f"{key}: expected one line of text in quotes, found {str(value)[:40]!r}")
            return ""
        return value

    def _word(self, key: str, words: tuple[str, ...]) -> str:
        value = self._text(key)
        if value and value not in words:
            self.mistakes.append(f"{key}: {value!r} is none of {', '.join(words)}")
        return value

    def _flag(self, key: str) -> bool:
        value = self._raw.get(key, False)
        if not isinstance(value, bool):
            self.mistakes.append(f"{key}: expected true or false, found {str(value)[:40]!r}")
        return value is True

    def _table(self, key: str) -> Mapping[Any, Any]:
        value = self._raw.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.mistakes.append(f"{key}: expected keys and values, found {str(value)[:40]!r}")
            return {}
        return value

    def _list(self, key: str) -> list[Any]:
        value = self._raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.mistakes.append(f"{key}: expected a list, found {str(value)[:40]!r}")
            return []
        return value

    def _country(self) -> str:
        value = self._raw.get("country")
        if value is False:  # YAML reads NO (Norway) as false
            self.mistakes.append('country: write NO as "NO"')
            return ""
        text = self._text("country")
        if text and text != "none" and not re.fullmatch(r"[A-Z]{2}", text):
            self.mistakes.append(f"country: {text!r} is no ISO 3166 code such as PL, and not `none`")
        return text

    def _windows(self) -> Windows | None:
        table = self._table("windows")
        try:
            return None if self._raw.get("windows") is None else parse_windows(table)
        except ValueError as error:
            self.mistakes.append(f"windows: {error}")
            return None

    def _days(self) -> tuple[str, ...]:
        found = tuple(str(one) for one in self._list("days"))
        for one in found:
            if one != BIRTHDAY and day_of(one) is None:
                self.mistakes.append(f"days: {one!r} is neither `birthday` nor a month and day such as 01-01")
        return found

    def _caps(self) -> tuple[Cap, ...]:
        found = []
        for number, one in enumerate(self._list("caps")):
            try:
                if not isinstance(one, Mapping):
                    raise ValueError(f"expected keys and values, found {str(one)[:40]!r}")
                found.append(cap_of(one))
            except ValueError as error:
                self.mistakes.append(f"caps[{number}]: {error}")
        return tuple(found)

    def _presets(self) -> tuple[str, ...]:
        found = tuple(str(one) for one in self._list("presets"))
        for one in found:
            if one not in PRESETS:
                self.mistakes.append(f"presets: {one!r} is none of {', '.join(PRESETS)}")
        return found

    def _opt_out(self) -> OptOut:
        table = self._table("opt_out")
        for key in set(table) - {"digits", "after"}:
            self.mistakes.append(f"opt_out.{key}: unknown key; known are: digits, after")
        after = str(table.get("after", ""))
        if after not in ("", "hangup", "operator", "continue"):
            self.mistakes.append(f"opt_out.after: {after!r} is none of hangup, operator, continue")
        digits = table.get("digits") or {}
        if not isinstance(digits, Mapping):
            self.mistakes.append('opt_out.digits: expected keys and values such as "9": all')
            digits = {}
        for digit, scope in digits.items():
            if not _KEY.fullmatch(str(digit)) or scope not in ("all", "campaign"):
                self.mistakes.append(f"opt_out.digits: {digit!r}: {scope!r}; a key of a telephone, and all or campaign")
        return OptOut(MappingProxyType({str(key): str(value) for key, value in digits.items()}), after)


def day_of(text: str) -> tuple[int, int] | None:
    """`05-17` or `1980-05-17` -> month and day; None for anything else."""
    found = _DAY.fullmatch(text[-5:])
    if found is None or (len(text) != 5 and not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)):
        return None
    try:
        date(2024, int(found[1]), int(found[2]))
    except ValueError:
        return None
    return int(found[1]), int(found[2])
