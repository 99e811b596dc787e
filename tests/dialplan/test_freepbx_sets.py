"""Objects of the GUI as FreePBX and Issabel write them, in real systems: each finding names its page and field.

What is written for an object follows the generators (functions.inc.php of ivr, queues, ringgroups, timeconditions,
announcement, miscdests, daynight, core). The systems have none of their own but inbound routes and extensions.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from dialplan.applications import tables
from dialplan.finding import Finding
from dialplan.flow.model import At
from dialplan.freepbx import Gui
from dialplan.lint import Report, lint
from dialplan.plan import load
from dialplan.rule import choose
from dialplan.subject import from_files
from dialplan.version import asterisk_of

CORPUS = Path(os.environ.get("CONCIERGE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
SETS = ("masked--stgnet__dring_test", "masked--the-eternal-newbie__asterisk-rasa")
# the destinations of the objects; {0} is the one that is broken
OBJECTS = {
    "ivr": """[ivr-7] ; Main Menu
include => ivr-7-custom
exten => s,1,Set(TIMEOUT_LOOPCOUNT=0)
exten => s,n,Set(INVALID_LOOPCOUNT=0)
exten => s,n,Answer
exten => s,n(start),Set(TIMEOUT(digit)=3)
exten => s,n,ExecIf($["${{IVR_MSG}}" != ""]?Background(${{IVR_MSG}}))
exten => s,n,WaitExten(10,)
exten => 1,1(ivrsel-1),Goto({key})
exten => *,1(ivrsel-*),Goto({star})
exten => i,1,Set(INVALID_LOOPCOUNT=$[${{INVALID_LOOPCOUNT}}+1])
exten => i,n,GotoIf($[${{INVALID_LOOPCOUNT}} > 2]?final)
exten => i,n,Goto(s,start)
exten => i,n(final),Playback(no-valid-responce-transfering)
exten => i,n,Goto({invalid})
exten => t,1,Set(TIMEOUT_LOOPCOUNT=$[${{TIMEOUT_LOOPCOUNT}}+1])
exten => t,n,GotoIf($[${{TIMEOUT_LOOPCOUNT}} > 2]?final)
exten => t,n,Goto(s,start)
exten => t,n(final),Playback(no-valid-responce-transfering)
exten => t,n,Goto({timeout})
exten => return,1,Goto(s,start)
exten => h,1,Hangup
exten => hang,1,Playback(vm-goodbye)
exten => hang,n,Hangup
""",
    "queue": """[ext-queues]
exten => 4000,1,Set(__NODEST=${{EXTEN}})
exten => 4000,n(qcall),Queue(4000,t,,,60,,,,,)
exten => 4000,n,Set(QDEST=${{VQ_DEST}})
exten => 4000,n(gotodest),GotoIf($["${{QDEST}}"=""]?{queue}:${{CUT(QDEST,^,1)}},${{CUT(QDEST,^,2)}},${{CUT(QDEST,^,3)}})
exten => h,1,Hangup
""",
    "old queue": """[ext-queues]
exten => 4001,1,Queue(4001,t,,,60)
exten => 4001,n,Goto({old_queue})
""",
    "ring group": """[ext-group]
exten => 600,1,Set(RingGroupMethod=ringall)
exten => 600,n(DIALGRP),Dial(Local/200@from-internal,20)
exten => 600,n,GotoIf($["foo${{RRNODEST}}" != "foo"]?nodest)
exten => 600,n,Set(__NODEST=)
exten => 600,n,Goto({group})
exten => 600,n(nodest),Noop(SKIPPING DEST, CALL CAME FROM Q/RG: ${{RRNODEST}})
""",
    "time condition": """[timeconditions]
exten => 3,1,GotoIfTime(09:00-17:00,mon-fri,*,*?truestate)
exten => 3,n(falsestate),GotoIf($["${{DB(TC/3):0:4}}" = "true"]?truegoto)
exten => 3,n,ExecIf($["${{DB(TC/3)}}" = "false"]?Set(DB(TC/3)=))
exten => 3,n(falsegoto),Set(DEVICE_STATE(Custom:TC3)=INUSE)
exten => 3,n,GotoIf($["${{TCMAINT}}"!="RETURN"]?{closed})
exten => 3,n,Return()
exten => 3,n(truestate),GotoIf($["${{DB(TC/3):0:5}}" = "false"]?falsegoto)
exten => 3,n(truegoto),Set(DEVICE_STATE(Custom:TC3)=NOT_INUSE)
exten => 3,n,GotoIf($["${{TCMAINT}}"!="RETURN"]?{open})
exten => 3,n,Return()
""",
    "announcement": """[app-announcement-2]
exten => s,1,GotoIf($["${{CDR(disposition)}}" = "ANSWERED"]?begin)
exten => s,n,Answer
exten => s,n(begin),Noop(Playing announcement We are closed)
exten => s,n,Playback(custom/closed,noanswer)
exten => s,n,Goto({announcement})
[app-announcement-3]
exten => s,1(begin),Noop(Playing announcement Christmas)
exten => s,n,Playback(custom/christmas,noanswer)
exten => s,n,GotoIf($["x${{IVR_CONTEXT}}" = "x"]?{returns}:${{IVR_CONTEXT}},return,1)
""",
    "misc destination": """[ext-miscdests]
exten => 1,1,Noop(MiscDest: The caretaker)
exten => 1,n,Goto({misc})
""",
    "call flow": """[app-daynight]
exten => 0,1,GotoIf($["${{DB(DAYNIGHT/C${{EXTEN}})}}" = "NIGHT"]?{flow}:app-blackhole,hangup,1)
""",
    "inbound route": """[ext-did-0009]
exten => 5551000,1,Set(__FROM_DID=${{EXTEN}})
exten => 5551000,n,Gosub(app-blacklist-check,s,1)
exten => 5551000,n(dest-ext),Goto({did})
exten => fax,1,Goto({fax})
""",
}
FIELDS = {
    "key": "IVR 'Main Menu' (ivr-7), IVR Entries, 1: Applications › IVR",
    "star": "IVR 'Main Menu' (ivr-7), IVR Entries, *: Applications › IVR",
    "invalid": "IVR 'Main Menu' (ivr-7), Invalid Destination: Applications › IVR",
    "timeout": "IVR 'Main Menu' (ivr-7), Timeout Destination: Applications › IVR",
    "queue": "Queue 4000, Fail Over Destination: Applications › Queues",
    "old_queue": "Queue 4001, Fail Over Destination: Applications › Queues",
    "group": "Ring Group 600, Destination if no answer: Applications › Ring Groups",
    "closed": "Time Condition 3, Destination if time does not match: Applications › Time Conditions",
    "open": "Time Condition 3, Destination if time matches: Applications › Time Conditions",
    "announcement": "Announcement 'We are closed' (app-announcement-2), Destination after Playback: "
    "Applications › Announcements",
    "returns": "Announcement 'Christmas' (app-announcement-3), Destination after Playback: "
    "Applications › Announcements",
    "misc": "Misc Destination 'The caretaker' (1): Applications › Misc Destinations",
    "flow": "Call Flow Control 0, Normal or Override Destination: Applications › Call Flow Control",
    "did": "Inbound Route 5551000, Set Destination: Connectivity › Inbound Routes",
    "fax": "Inbound Route any number, Fax Destination: Connectivity › Inbound Routes",
}
GOOD, BAD = "app-blackhole,hangup,1", "app-blackhole,{},1"


@pytest.fixture(scope="module", params=SETS)
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Report, Gui]:
    """A real system with all objects: every destination there, and none of them there."""
    if not (CORPUS / "sets" / request.param).is_dir():
        pytest.skip(f"no corpus at {CORPUS} (set CONCIERGE_CORPUS)")
    folder = tmp_path_factory.mktemp("etc")
    made = []
    for destinations in (dict.fromkeys(FIELDS, GOOD), {name: BAD.format(f"gone-{name}") for name in FIELDS}):
        place = folder / str(len(made))
        shutil.copytree(CORPUS / "sets" / request.param, place)
        with (place / "extensions_additional.conf").open("a", encoding="utf-8") as file:
            file.write("".join(OBJECTS.values()).format(**destinations))
        plan = load(place / "extensions.conf")
        subject = from_files(plan, tables.load(asterisk_of(plan, tables.VERSIONS)))
        subject.entries = (At("app-blackhole", "hangup"),)  # what is written is enough, and calls take long to follow
        made.append(subject)
    wanted = choose(["D101"], [])
    return lint(made[0], wanted), lint(made[1], wanted), Gui(made[1])


def dead(report: Report) -> dict[str, Finding]:
    found = {}
    for finding in report.findings:
        named = re.search(r"gone-(\w+)", finding.message)
        if finding.code == "D101" and named:
            found.setdefault(named[1], finding)
    return found


def test_each_destination_is_named_as_the_gui_names_it(judged: tuple[Report, Report, Gui]) -> None:
    assert {name: finding.gui for name, finding in dead(judged[1]).items()} == FIELDS
    assert not any(finding.own for finding in dead(judged[1]).values())


def test_destinations_that_are_there_are_not_found(judged: tuple[Report, Report, Gui]) -> None:
    assert dead(judged[0]) == {}
    objects = re.compile(r"ivr-7|ext-queues|ext-group|timeconditions|app-announcement-\d|ext-miscdests|app-daynight")
    errors = [one for one in judged[0].findings if objects.fullmatch(one.spot.context) and one.code == "D101"]
    assert errors == []


def test_contexts_have_the_titles_of_the_gui(judged: tuple[Report, Report, Gui]) -> None:
    gui = judged[2]
    assert gui.maker == "FreePBX"
    assert gui.title("ivr-7") == "IVR 'Main Menu' (ivr-7)"
    assert gui.title("app-announcement-3") == "Announcement 'Christmas' (app-announcement-3)"
    assert gui.title("timeconditions") == "Time Conditions (timeconditions)"


def test_what_comes_with_the_system_is_its_own(judged: tuple[Report, Report, Gui]) -> None:
    """All that is found in the systems as they are stands in what the GUI writes, and on no page."""
    assert judged[0].findings
    assert [one.message for one in judged[0].findings if one.gui or not one.own] == []
