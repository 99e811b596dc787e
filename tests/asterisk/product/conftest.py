"""One private PBX with Concierge installed per Asterisk version, shared by all tests of the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from concierge.lab.phone import Phone
from concierge.lab.site import Site
from models.store import Store
from models.suppression import ListEvent

# the demo's dialplan without its long prompts
EXTENSIONS = """
[outbound-quiet]
exten => _[0-9+*#].,1,Gosub(concierge-outbound,s,1(${EXTEN},${CONCIERGE_CAMPAIGN},quiet))
 same => n,GotoIf($["${CONCIERGE_VERDICT}" = "ALLOW"]?outbound,${EXTEN},dial)
 same => n,Hangup(21)

[from-inside]
include => concierge-codes
exten => _*66X.,1,Set(TIMEOUT(absolute)=2)
 same => n,Goto(outbound,${EXTEN:3},1)

; a campaign's calls that nobody has marked, and that Asterisk is free to bridge past its ears
exten => _*57X.,1,Set(__CONCIERGE_CAMPAIGN=spring)
 same => n,Gosub(concierge-outbound,s,1(${EXTEN:3},spring,quiet))
 same => n,Set(DYNAMIC_FEATURES=)
 same => n,Dial(PJSIP/${EXTEN:3}@callee,30)

[campaign-read]
exten => s,1,Answer()
 same => n,Read(CARD,,6,,1,3)
 same => n,Wait(20)

[from-outside]
exten => 300,1,Answer()
 same => n,Goto(menu-quick,s,1)
exten => 400,1,Dial(PJSIP/agent,20,U(concierge-agent^called))
exten => 800,1,Goto(concierge-dnc-line,s,1)
exten => 801,1,Set(CALLERID(num-pres)=prohib)
 same => n,Goto(concierge-dnc-line,s,1)

exten => 500,1,Answer()
 same => n,Set(QUEUESTATUS=FULL)
 same => n,Goto(concierge-after,s,1)
exten => 501,1,Answer()
 same => n,Set(QUEUESTATUS=CONTINUE)
 same => n,Dial(Local/nowhere@from-outside,5)
 same => n,Goto(concierge-after,s,1)
exten => 510,1,Answer()
 same => n,Goto(menu-included,s,1)

[menu-included]
include => concierge-handlers
exten => s,1,Gosub(concierge-menu,s,1(menu-included))
 same => n,WaitExten(1)

[menu-quick]
exten => s,1,Gosub(concierge-menu,s,1(quick))
 same => n,WaitExten(1)
exten => i,1,Gosub(concierge-menu,s,1(quick,wrong))
 same => n,Goto(s,1)
exten => t,1,Gosub(concierge-menu,s,1(quick,silence))
 same => n,Goto(s,1)
"""


@pytest.fixture(scope="session")
def site(asterisk_version: str) -> Iterator[Site]:
    with Site(asterisk_version, extensions=EXTENSIONS) as made:
        yield made


@pytest.fixture(autouse=True)
def quiet(site: Site) -> Iterator[None]:
    """No call and no stopped daemon is left to the next test."""
    yield
    site.pbx.hangup_all()
    if site.daemon is None or site.daemon.poll() is not None:
        site.start_daemon()


@pytest.fixture
def callee(site: Site) -> Iterator[Phone]:
    with site.pbx.phone("callee") as phone:
        yield phone


@pytest.fixture
def agent(site: Site) -> Iterator[Phone]:
    with site.pbx.phone("agent") as phone:
        yield phone


@pytest.fixture
def operator(site: Site) -> Iterator[Phone]:
    with site.pbx.phone("operator") as phone:
        yield phone


@pytest.fixture
def caller(site: Site) -> Iterator[Phone]:
    with site.pbx.phone("caller") as phone:
        yield phone


_numbers = iter(range(48_601_000_001, 48_601_999_999))


@pytest.fixture
def number() -> int:
    """A Polish mobile number that no other test of this run uses."""
    return next(_numbers)


@pytest.fixture
def events(site: Site) -> Callable[[int], list[ListEvent]]:
    """What is recorded of a number."""

    def read(number: int) -> list[ListEvent]:
        with closing(Store(site.store)) as store:
            return store.events(number)

    return read


@pytest.fixture
def list_number(site: Site) -> Callable[..., None]:
    """List a number by the command."""

    def add(number: int, *arguments: str) -> None:
        done = site.concierge("list", "add", f"+{number}", "--reason", "asked", "--source", "letter", *arguments)
        assert done.returncode == 0, done.stderr

    return add


@pytest.fixture
def last_check(site: Site) -> Callable[[int], dict[str, object]]:
    """The newest evidence of a number."""

    def read(number: int) -> dict[str, object]:
        with closing(Store(site.store)) as store:
            rows = store.checks(number, 1)
        return rows[0] if rows else {}

    return read
