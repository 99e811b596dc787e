"""Which telephones and trunks the channel drivers' files define, and what a device of Dial names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dialplan.light import NamedTuple
from dialplan.neighbours import dahdi
from dialplan.neighbours.files import Neighbour, Section, complete, neighbour
from dialplan.subject import Subject

NO_PEERS = ("general", "authentication", "global", "callnumberlimits")


class Driver(NamedTuple):
    """`file`: where its devices are; `families`: tables of realtime that may have more; `names`: None for unknown."""

    file: str
    families: tuple[str, ...]
    named: Callable[[str], str]
    others: Callable[[Subject], bool]
    names: Callable[[str, Neighbour], frozenset[str] | None]


def defined(subject: Subject, technology: str) -> frozenset[str] | None:
    """The names that a device of this technology may have, in lower case; None when there may be more."""
    driver = DRIVERS[technology]
    found = complete(subject, driver.file, *driver.families)
    if found is None or driver.others(subject):
        return None
    return driver.names(driver.file, found)


def _sections(file: str, found: Neighbour) -> frozenset[str] | None:
    return frozenset(one.name.lower() for one in devices(file, found))


def devices(file: str, found: Neighbour) -> Iterable[Section]:
    """The sections that are telephones or trunks."""
    if file == "pjsip.conf":
        return [one for one in found.sections if one.last("type").lower() == "endpoint"]
    return [one for one in found.sections if one.name.lower() not in NO_PEERS]


def name_of(technology: str, device: str) -> str:
    """The device that `PJSIP/…` and the like names; "" for an address (a host) that needs no definition."""
    name = DRIVERS[technology].named(device)
    return "" if "." in name or ":" in name else name


def _of_pjsip(device: str) -> str:
    """`endpoint`, `number@endpoint`, `endpoint/sip:…` (chan_pjsip.c request)."""
    first = device.split("/", 1)[0]
    return first.partition("@")[2] if "@" in first else first


def _of_sip(device: str) -> str:
    """`peer`, `number@peer`, `peer/number` (chan_sip.c sip_request_call)."""
    first = device.split("!", 1)[0].split("/", 1)[0]
    return first.rpartition("@")[2]


def _of_iax(device: str) -> str:
    """`[user[:secret]@]peer[:port][/number[@context]]` (chan_iax2.c parse_dial_string)."""
    return device.split("/", 1)[0].rpartition("@")[2]


def _wizards(subject: Subject) -> bool:
    """Endpoints that a wizard makes, or that are not kept in pjsip.conf."""
    wizard, sorcery = neighbour(subject, "pjsip_wizard.conf"), neighbour(subject, "sorcery.conf")
    made = wizard is not None and any(one.last("type") == "wizard" for one in wizard.sections)
    kept = sorcery is not None and any(one.all("endpoint") for one in sorcery.sections)
    return made or kept


def _users(subject: Subject) -> bool:
    users = neighbour(subject, "users.conf")
    return users is not None and any(one.name.lower() != "general" for one in users.sections)


DRIVERS = {
    "PJSIP": Driver("pjsip.conf", ("ps_endpoints",), _of_pjsip, _wizards, _sections),
    "SIP": Driver("sip.conf", ("sippeers", "sipusers"), _of_sip, _users, _sections),
    "IAX2": Driver("iax.conf", ("iaxpeers", "iaxusers"), _of_iax, _users, _sections),
    "DAHDI": Driver(dahdi.FILE, (), dahdi.named, _users, lambda _, found: dahdi.names(found)),
}
