"""`concierge report`: figures from what was recorded, and calls round the gate with their remedy."""

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ami.events import DialEnded, LegDialled, LegEnded
from ami.quality import Callers, MenuStep
from concierge.reception import row_of
from concierge.reporting.page import columns
from concierge.reporting.words import ADVICE
from models.bypass import Passed, add
from models.figures import reception
from models.gap import GapKind, ListeningGap, put
from models.incoming import Incoming
from models.incoming import add as add_callers
from models.store import Store
from models.suppression import ALL, Kind, ListEvent

AT = 1_795_325_900.0


def went_round(number: int, reason: str = "originated", **more) -> Passed:
    given = {"caller": "", "place": "", "campaign": "", "action": "log"} | more
    channel, uniqueid = f"PJSIP/callee-{number:08x}", f"{number}.1"
    return Passed(datetime.now(UTC), "pbx", number, str(number), channel, uniqueid, uniqueid, reason=reason, **given)


def caller(uniqueid: str, outcome: str, wait: float, **more) -> Incoming:
    length = timedelta(seconds=wait + 30)
    return Incoming(datetime.now(UTC), "pbx", uniqueid, outcome, timedelta(seconds=wait), length, **more)


@pytest.fixture
def kept(concierge, home_db):
    concierge("db", "upgrade")
    with closing(Store(home_db)) as store:
        evidence = {"campaign": "spring"}
        pressed = (uuid4(), Kind.ADD, 48601234567, ALL, datetime.now(UTC), "opt-out by key", "key")
        store.record(ListEvent(*pressed, evidence=evidence))
        add(store, went_round(48601234567, "dialled-unchecked", place="custom,7,1", took_ms=3, action="hangup"))
        add(store, went_round(48601234568))
        add(store, went_round(48601234568))
        add_callers(store, [caller("1.1", "answered", 12.0), caller("1.2", "answered", 40.0, guard="menu-silence")])
        add_callers(store, [caller("1.3", "left-in-menu", 5.0, menu="main", happening="wrong"), caller("1.1", "x", 1)])
        add_callers(store, [caller("1.4", "abandoned", 60.0)])
    return home_db


def test_the_figures_are_those_of_what_was_recorded(concierge, kept):
    facts = json.loads(concierge("report", "--format", "json").stdout)
    assert (facts["opt_outs"], facts["listed"]) == ({"spring": 1}, {"key": 1})
    assert facts["bypasses"] == {"dialled-unchecked": 1, "originated": 1} and facts["hung_up"] == 1
    told = facts["reception"]
    assert (told["callers"], told["answered"], told["in_target"], told["abandoned"]) == (4, 2, 1, 1)
    assert (told["by_menu"], told["by_guard"]) == ({"main wrong": 1}, {"menu-silence": 1})
    assert (told["average_wait"], told["longest_wait"], told["service_level"]) == (26.0, 40.0, 0.25)


def test_what_imports_have_listed_is_counted_until_it_is_taken_back(concierge, tmp_path):
    (tmp_path / "n.csv").write_text("number\n601234568\n601234569\n")
    assert concierge("list", "import", tmp_path / "n.csv").returncode == 0
    facts = json.loads(concierge("report", "--format", "json").stdout)
    assert (facts["imported"], facts["listed"]) == (2, {})
    assert re.search(r"^numbers listed by imports +2$", concierge("report").stdout, re.M)
    assert json.loads(concierge("report", "--format", "json", "--since", "2d", "--until", "1d").stdout)["imported"] == 0
    identity = concierge("list", "batches").stdout.split()[0]
    assert concierge("list", "undo-import", identity).returncode == 0
    assert json.loads(concierge("report", "--format", "json").stdout)["imported"] == 0


def test_the_target_is_an_option(concierge, kept):
    done = concierge("report", "--target", "45")
    assert re.search(r"^callers answered within 45 s +2$", done.stdout, re.M)
    assert re.search(r"^share answered within 45 s +50.0 %$", done.stdout, re.M)


def test_checks_count_by_verdict_reason_and_campaign_and_questions_of_people_do_not(concierge, kept, home_db):
    from models.contact import Answer, History, Question
    from models.number import Number
    from models.policy import Reason, allow, refuse

    concierge("check", "+48601234567")
    with closing(Store(home_db)) as store:
        for decision in (allow(Reason.NOT_LISTED), refuse(Reason.LISTED, ""), refuse(Reason.LISTED, "")):
            question = Question("+48601234567", "spring", "agi")
            store.write_checks([Answer(question, Number(48601234567), decision, History(), datetime.now(UTC))])
    facts = json.loads(concierge("report", "--format", "json").stdout)
    assert (facts["allowed"], facts["refused"], facts["reasons"]) == (1, 2, {"listed": 2})
    assert facts["campaigns"] == {"spring": {"allowed": 1, "refused": 2}}
    assert sum(pair["refused"] for pair in facts["hours"].values()) == 2


def test_as_csv_each_figure_is_a_row(concierge, kept):
    rows = list(csv.reader(concierge("report", "--format", "csv").stdout.splitlines()))
    assert rows[0] == ["figure", "of", "value"] and {len(row) for row in rows} == {3}
    assert ["calls round the gate", "originated", "1"] in rows


def test_for_prometheus_each_line_is_a_sample_of_a_described_metric(concierge, kept):
    described = set()
    for line in concierge("report", "--format", "prometheus").stdout.splitlines():
        if line.startswith("# TYPE"):
            described.add(line.split()[2])
        elif not line.startswith("#"):
            found = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"\})? -?[0-9.]+', line)
            assert found and found[1] in described, line
    assert "concierge_bypasses" in described


def test_the_page_needs_nothing_else_and_its_plots_are_well_formed(concierge, kept, tmp_path):
    page = tmp_path / "figures.html"
    assert concierge("report", "--format", "html", "-o", page).returncode == 0
    text = page.read_text()
    assert "<script" not in text and "http" not in text and "src=" not in text
    for plot in re.findall(r"<svg.*?</svg>", text, re.S):
        assert ElementTree.fromstring(plot).tag == "svg"  # noqa: S314 - our own page
    assert "Where callers left a menu" in text


def test_hours_without_calls_are_columns_too_and_a_year_is_still_a_plot():
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    hours = {(begin + timedelta(days=day)).isoformat(): {"allowed": day, "refused": 1} for day in range(300)}
    plot = ElementTree.fromstring(columns(hours))  # noqa: S314
    boxes = [one for one in plot if one.tag == "rect"]
    assert 20 < len(boxes) <= 192
    assert sum(int(re.search(r"(\d+) refused", one[0].text)[1]) for one in boxes[::2]) == 300


def test_calls_round_the_gate_are_named_with_cause_and_remedy(concierge, kept):
    done = concierge("report", "bypasses")
    assert done.returncode == 1
    assert (
        "+48601234567 PJSIP/callee-" in done.stdout
        and "at custom,7,1: dialled-unchecked, hung up after 3 ms" in done.stdout
    )
    assert "1 originated: originated straight to the trunk" in done.stdout and "Local/NUMBER@CONTEXT/n" in done.stdout
    for format_ in ("json", "csv", "html", "prometheus"):
        assert concierge("report", "bypasses", "--format", format_).returncode == 1
    assert len(json.loads(concierge("report", "bypasses", "--format", "json").stdout)) == 2
    none = concierge("report", "bypasses", "--until", "1h", "--since", "2h")
    assert (none.returncode, none.stdout) == (0, "no call went round the gate\n")


def test_a_time_in_which_nobody_listened_is_not_called_free_of_bypasses(concierge, config, home_db):
    none = concierge("report", "bypasses")
    assert none.stdout == "no call went round the gate\n"
    assert "ami.user is empty: nobody listens" in none.stderr
    path = config("ami: {user: concierge}")
    assert concierge("report", "bypasses", "--config", path).stderr == ""
    began = datetime.now(UTC) - timedelta(minutes=5)
    gap = ListeningGap(uuid4(), "pbx", GapKind.DISCONNECTED, began, "closed", began + timedelta(seconds=90))
    within = ListeningGap(uuid4(), "pbx", GapKind.DISCONNECTED, began + timedelta(seconds=10), "x", gap.ended)
    with closing(Store(home_db)) as store:
        put(store, gap)
        put(store, within)  # a daemon that was killed leaves one behind, and its time is not counted twice
    said = concierge("report", "bypasses", "--config", path)
    assert "the listener was away for 90 s of this time" in said.stderr
    assert concierge("report", "bypasses", "--config", path, "--until", "1h", "--since", "2h").stderr == ""


@pytest.mark.parametrize("target", ["0", "soon", "nan", "-1"])
def test_a_target_that_is_no_time_is_wrong_use(concierge, target):
    assert concierge("report", f"--target={target}").returncode == 2


def test_a_time_that_ends_before_it_begins_is_wrong_use(concierge):
    done = concierge("report", "--since", "7d", "--until", "8d")
    assert (done.returncode, done.stderr) == (2, "concierge: --since must be before --until\n")


def test_every_reason_of_the_watch_has_cause_and_remedy():
    assert all(one.cause and one.remedy for one in ADVICE.values())


def step(menu: str = "main", happening: str = "pass", where: str = "go", reason: str = "") -> MenuStep:
    return MenuStep("1795325890.7", menu, happening, where, reason)


def dialled(at: float) -> LegDialled:
    return LegDialled("PJSIP/op-1", "2.2", "1.1", "op", {}, at, uniqueid="1795325890.7", channel="PJSIP/in-1")


def hung_up(at: float) -> LegEnded:
    return LegEnded("1795325890.7", "1.1", "PJSIP/in-1", 16, at)


def test_a_caller_who_is_answered_has_waited_since_he_came():
    callers = Callers()
    callers.passed(step(), AT)
    assert callers.apply(dialled(AT + 5), AT) is None
    assert callers.apply(DialEnded("1795325890.7", "2.2", "ANSWER", AT + 9), AT) is None
    gone = callers.apply(hung_up(AT + 60), AT)
    row = row_of(gone, "pbx")
    assert (row.outcome, row.wait.total_seconds(), row.length.total_seconds()) == ("answered", 19.0, 70.0)
    assert len(callers) == 0


def test_a_caller_who_leaves_a_menu_or_gives_up_waiting_is_told_apart():
    callers = Callers()
    callers.passed(step("main", "wrong"), AT)
    gone = callers.apply(hung_up(AT + 3), AT)
    assert (gone.outcome, gone.menu, gone.happening) == ("left-in-menu", "main", "wrong")
    callers.passed(step(where="operator", reason="menu-silence"), AT)
    callers.apply(DialEnded("1795325890.7", "2.2", "NOANSWER", AT + 9), AT)
    gone = callers.apply(hung_up(AT + 20), AT)
    assert (gone.outcome, gone.guard) == ("abandoned", "menu-silence")


def test_others_are_no_callers_but_those_of_a_named_trunk_are():
    assert Callers().apply(dialled(AT), AT) is None
    callers = Callers(["pjsip/IN*"])
    callers.apply(dialled(AT), AT)
    assert len(callers) == 1


def test_figures_of_nobody_are_empty():
    found = reception([], timedelta(seconds=20))
    assert (found.callers, found.average_wait, found.service_level) == (0, None, None)


def test_callers_are_bounded():
    callers = Callers(limit=2)
    for number in range(5):
        callers.passed(MenuStep(f"1.{number}", "main", "pass", "go", ""), AT)
    assert len(callers) == 2
