"""The lines of chan_dahdi.conf: settings hold for the channels that are named below them (channels/chan_dahdi.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialplan.light import NamedTuple, pattern
from dialplan.neighbours.files import Neighbour, Setting

FILE = "chan_dahdi.conf"
NO_LINES = ("trunkgroups", "globals", "general")
BECOMES_A_CHANNEL = ("channel", "channels", "dahdichan")
RANGE = pattern(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4}))?\s*")
DEVICE = pattern(r"(?i)([gr]?)(\d+)")


class Lines(NamedTuple):
    """Some channels. `context`: None where none is set; `telephones`: of the house, not to the outside."""

    named: str
    context: Setting | None
    channels: frozenset[int]
    groups: frozenset[int]
    telephones: bool


def lines(found: Neighbour) -> list[Lines]:
    """All of them: those of [channels], then the sections of their own, which begin with what [channels] has left."""
    common = tuple(one for section in found.named("channels") for one in section.settings)
    made = list(_of(common))
    for section in found.sections:
        if section.name.lower() not in ("channels", *NO_LINES):
            own = [one for one in section.settings if one.name == "dahdichan"][-1:]
            rest = [one for one in (*common, *section.settings) if one.name not in BECOMES_A_CHANNEL]
            made += _of([*rest, *own])
    return made


def _of(settings: Iterable[Setting]) -> Iterator[Lines]:
    context: Setting | None = None
    groups = frozenset[int]()
    telephones = False
    for one in settings:
        if one.name == "context":
            context = one
        elif one.name == "group":
            groups = frozenset(_numbers(one.value))
        elif one.name == "signalling":
            telephones = one.value.lower().startswith("fxo")
        elif one.name in BECOMES_A_CHANNEL:
            yield Lines(one.value, context, frozenset(_numbers(one.value)), groups, telephones)


def _numbers(text: str) -> Iterator[int]:
    for match in map(RANGE.fullmatch, text.split(",")):
        if match:
            yield from range(int(match[1]), int(match[2] or match[1]) + 1)


def names(found: Neighbour) -> frozenset[str] | None:
    """What Dial may name: `5` for a channel, `g1` for a group; None where a channel is written in another way."""
    made = lines(found)
    if any(not RANGE.fullmatch(piece) and piece.strip() != "pseudo" for one in made for piece in one.named.split(",")):
        return None
    return frozenset(name for one in made for name in (*map(str, one.channels), *(f"g{group}" for group in one.groups)))


def named(device: str) -> str:
    """The channel or group that `DAHDI/…` names, "" for another form such as `i1` (dahdi_request)."""
    match = DEVICE.match(device.split("/", 1)[0])
    return "" if match is None else f"{'g' if match[1] else ''}{int(match[2])}"
