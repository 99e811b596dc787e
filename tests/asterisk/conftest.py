"""A real Asterisk 22 and 16 and real SIP phones for the tests of this folder.

What is missing (a root, SIPp, root rights) is a skip with a reason on a developer's machine, and a failure where
the environment has CI set or --require-asterisk is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from concierge.lab.ami import Ami
from concierge.lab.config import PbxOptions
from concierge.lab.engine import find_engine
from concierge.lab.errors import LabMissingError
from concierge.lab.pbx import Pbx
from concierge.lab.phone import Phone
from concierge.lab.provision import VERSIONS
from concierge.lab.sipp import check_sipp

FEATURES = "lab-optout => 9,self,Gosub(lab-optout,s,1)\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"pbx", "asterisk_version"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.asterisk)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """The ends of Asterisk's log and of SIPp's complaints go with a failure."""
    outcome = yield
    report = outcome.get_result()
    arguments = getattr(item, "funcargs", {})
    if report.when != "call" or not report.failed:
        return
    if isinstance(arguments.get("pbx"), Pbx):
        report.sections.append(("asterisk log", "\n".join(arguments["pbx"].log().splitlines()[-60:])))
    for name, value in arguments.items():
        if isinstance(value, Phone):
            report.sections.append((f"phone {name}", value.trouble()[-2000:] + value.sip_messages()[-6000:]))


@pytest.fixture(scope="session", params=VERSIONS)
def asterisk_version(request: pytest.FixtureRequest) -> str:
    """ "22", then "16": the versions whose lab works here."""
    try:
        find_engine(request.param)
        check_sipp()
    except LabMissingError as error:
        if os.environ.get("CI") or request.config.getoption("--require-asterisk", default=False):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return str(request.param)


@pytest.fixture(scope="session")
def session_pbx(asterisk_version: str) -> Iterator[Pbx]:
    """One PBX of each version for all tests; use `pbx`, which leaves it clean."""
    with Pbx(asterisk_version, PbxOptions(features=FEATURES)) as pbx:
        yield pbx


@pytest.fixture
def pbx(session_pbx: Pbx) -> Iterator[Pbx]:
    """The PBX without calls, AstDB entries and dialplan of another test; give it its dialplan by set_extensions."""
    yield session_pbx
    session_pbx.hangup_all()
    session_pbx.set_extensions("")
    for family in {key.split("/")[1] for key in session_pbx.db_show()}:
        session_pbx.cli(f"database deltree {family}")


@pytest.fixture
def ami(pbx: Pbx) -> Iterator[Ami]:
    """An AMI client with all rights."""
    with pbx.ami() as client:
        yield client


@pytest.fixture
def phone(pbx: Pbx) -> Iterator[Callable[[str], Phone]]:
    """phone("agent") starts that phone with its usual behaviour; it ends with the test."""
    started: list[Phone] = []

    def start(name: str) -> Phone:
        started.append(pbx.phone(name).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def callee(phone: Callable[[str], Phone]) -> Phone:
    """Everyone behind the trunk: answers every call at once."""
    return phone("callee")


@pytest.fixture
def agent(phone: Callable[[str], Phone]) -> Phone:
    """A staff phone, context from-inside."""
    return phone("agent")


@pytest.fixture
def operator(phone: Callable[[str], Phone]) -> Phone:
    """The operator's phone, context from-inside."""
    return phone("operator")


@pytest.fixture
def caller(phone: Callable[[str], Phone]) -> Phone:
    """Somebody outside who calls in, context from-outside."""
    return phone("caller")
