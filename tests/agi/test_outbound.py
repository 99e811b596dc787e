"""`/outbound`: what is asked, what the dialplan is told, what the log says."""

import re
from datetime import UTC, datetime
from urllib.parse import quote as percent

import pytest

from agi.handlers import Ask, GetVariable, SetVariable, nonce_of
from agi.outbound import outbound, token
from agi.protocol import Environment
from models.contact import History, Question
from models.number import NotANumber, Why
from models.policy import Decision, Reason, Verdict, refuse
from models.suppression import Entry

NONCE = "1795295160.7-482910335"
QUESTION = Question("48501502503")
HISTORY = History(datetime(2026, 8, 1, 9, 30, tzinfo=UTC), "spring", 3)


def _asked(answer, environment, outnum=""):
    """The question of a call, and the effects in their order."""
    handling, effects, result = outbound(environment), [], None
    try:
        while True:
            effects.append(handling.send(result))
            match effects[-1]:
                case GetVariable():
                    result = outnum
                case Ask(question):
                    result = answer(question)
                case _:
                    result = None
    except StopIteration as done:
        asked = next(effect.question for effect in effects if isinstance(effect, Ask))
        return asked, effects, done.value


@pytest.mark.parametrize(
    ("arguments", "outnum", "extension", "dialled"),
    [
        (("48501502503", NONCE), "48111", "48222", "48501502503"),
        (("", NONCE), "48111", "48222", "48111"),
        (("", NONCE), "", "48222", "48222"),
        ((), "48111", "48222", "48111"),
        ((), "", "48222", "48222"),
        ((), "", "", ""),
    ],
)
def test_the_number_is_argument_1_else_outnum_else_the_extension(answer, arguments, outnum, extension, dialled):
    environment = Environment({"extension": extension}, arguments)
    asked, effects, _ = _asked(answer, environment, outnum)
    assert asked.dialled == dialled
    assert effects[0] == (GetVariable("OUTNUM") if not (arguments and arguments[0]) else Ask(asked))


@pytest.mark.parametrize(
    ("arguments", "query", "campaign"),
    [
        (("48", NONCE, "spring"), {"campaign": "autumn"}, "spring"),
        (("48", NONCE, ""), {"campaign": "autumn"}, "autumn"),
        (("48", NONCE), {"campaign": "autumn"}, "autumn"),
        (("48", NONCE), {}, ""),
    ],
)
def test_the_campaign_is_argument_3_else_that_of_the_query(answer, arguments, query, campaign):
    asked, _, _ = _asked(answer, Environment({}, arguments, "outbound", query))
    assert asked.campaign == campaign


def test_the_question_says_who_asks(answer):
    variables = {"callerid": "5551000", "channel": "PJSIP/a-1", "uniqueid": "17.1"}
    asked, _, _ = _asked(answer, Environment(variables, ("48", NONCE)))
    assert asked == Question("48", "", "agi", "5551000", "PJSIP/a-1", "17.1")


def test_the_answer_is_one_command_when_the_number_is_an_argument(answer):
    _, effects, _ = _asked(answer, Environment({}, ("48501502503", NONCE)))
    assert effects[1:] == [SetVariable("CONCIERGE_ANSWER", f"ALLOW!not-listed!!!0!48501502503!{NONCE}")]


def _verdict(text, nonce=NONCE):
    """What the dialplan makes of CONCIERGE_ANSWER (concierge/asterisk/contexts.conf): CUT fields 7 and 1."""
    fields = text.split("!") + [""] * 7
    return "ALLOW" if fields[6] == nonce and nonce and fields[0] == "ALLOW" else "REFUSE"


@pytest.mark.parametrize("history", [History(), HISTORY])
def test_an_allow_that_is_cut_anywhere_is_a_refusal(answer, history):
    whole = token(answer(QUESTION, history=history), NONCE)
    assert _verdict(whole) == "ALLOW"
    for cut in range(len(whole)):
        assert _verdict(whole[:cut]) == "REFUSE"


def test_the_dialplan_compares_the_fields_that_this_test_compares(request):
    contexts = (request.config.rootpath / "concierge" / "asterisk" / "contexts.conf").read_text()
    assert 'GotoIf($["${CUT(CONCIERGE_ANSWER,!,7)}" = "${CONCIERGE_NONCE}"]?answered)' in contexts
    assert 'GotoIf($["${CUT(CONCIERGE_ANSWER,!,1)}" = "ALLOW"]?allowed:refused)' in contexts


def test_a_stale_allow_is_a_refusal(answer):
    assert _verdict(token(answer(QUESTION), "1795295160.6-111")) == "REFUSE"


@pytest.mark.parametrize(
    "nonce", ["", "a b", "a!b", 'a"b', "a\nb", "${X}", "a" * 151, "é", "a,b", "a]", "1795295160.7-482910335!"]
)
def test_a_nonce_that_could_not_be_ours_is_not_echoed_and_allows_nothing(answer, nonce):
    _, effects, _ = _asked(answer, Environment({}, ("48501502503", nonce)))
    value = effects[-1].value
    assert value == "ALLOW!not-listed!!!0!48501502503!"
    assert _verdict(value, nonce) == "REFUSE"


def test_a_nonce_of_asterisk_is_echoed():
    for text in (NONCE, "pbx-1795295160.7-482910335", "a:b", "a" * 150):
        assert nonce_of(text) == text


def test_the_token_tells_reason_entry_and_contacts(answer):
    entry = Entry(48501502503, "", "asked us to stop", "key", datetime(2026, 1, 1, tzinfo=UTC), id=17)
    found = answer(QUESTION, decision=refuse(Reason.LISTED, "asked us to stop", entry), history=HISTORY)
    assert token(found, "n") == "REFUSE!listed!17!2026-08-01T09:30:00Z spring!3!48501502503!n"


def test_a_destination_without_number_tells_none(answer):
    found = answer(QUESTION, destination=NotANumber(Why.EMERGENCY, "112"))
    assert token(found, "n") == "ALLOW!not-listed!!!0!!n"


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("reason", Reason)
def test_no_word_of_a_token_holds_the_separator(answer, verdict, reason):
    assert token(answer(QUESTION, decision=Decision(verdict, reason)), NONCE).count("!") == 6


HOSTILE = ["a\nb", 'say "hi"', "\x1b[31mred", "x" * 5_000, "a\rb", "\u2028", "a!b", "=", "ALLOW!n"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_the_log_line_of_a_call_stays_one_line_without_the_number(start, header, answer, text):
    """Campaign and caller id come from outside."""
    refused = refuse(Reason.CAMPAIGN_UNREADABLE, "letters only")
    bench = await start(ask_now=lambda question: answer(question, decision=refused))
    sent = text.replace("\n", " ")[:2_000]
    raw = header(
        f"outbound?campaign={percent(text)}",
        channel="Local/48501502503@out-0000001a;2",
        callerid=sent,
        calleridname=sent,
    )
    (command,) = await bench.good_call(raw)
    assert command == 'SET VARIABLE "CONCIERGE_ANSWER" "REFUSE!campaign-unreadable!!!0!48501502503!n-1"\n'
    await bench.idle()
    (line,) = bench.lines()
    assert line.isprintable()
    assert len(line) < 600
    assert "48501502503" not in line
    assert "number=+485***503" in line
    assert "channel=Local/+485***503@out-0000001a;2" in line
    assert re.search(r" ms=[0-9]+\.[0-9]$", line)


def test_of_a_campaign_with_rules_the_history_comes_before_the_answer(answer):
    from dataclasses import replace as changed

    from agi.outbound import history, lead_of
    from models.campaign import Campaign
    from models.caps import Contact, State
    from models.rules import Case

    asked = answer(QUESTION)
    before = Contact("a", 48501502503, datetime(2026, 1, 1, 9, 30, tzinfo=UTC), "autumn", state=State.CONVERSATION)
    case = Case(
        "spring", Campaign("spring"), 48501502503, contacts=(before,), lead=lead_of("source=web+form&owner=anna")
    )
    asked = changed(asked, case=case, at=datetime(2026, 1, 2, tzinfo=UTC))
    assert history(asked) == "2026-01-01T09:30:00Z!autumn!conversation!1!!!web form!!anna"


@pytest.mark.parametrize(
    "behind", [("source=fair", ""), ("", "far", "source=fair"), ("", "far", "source=a", "b&person=17")]
)
def test_what_is_known_of_a_person_comes_last_and_may_have_commas(answer, behind):
    asked, _, _ = _asked(answer, Environment({}, ("48501502503", NONCE, "spring", "", *behind)))
    assert asked.lead.source == ("a,b" if "b&person=17" in behind else "fair")
    assert asked.system == behind[1]


def test_what_is_known_of_a_person_is_read_and_the_rest_left_out():
    from agi.outbound import lead_of
    from models.rules import Lead

    assert lead_of("zone=Europe/Warsaw&person=17&hair=brown") == Lead(zone="Europe/Warsaw", person="17")
    assert lead_of("&&=&person") == Lead()
    assert len(lead_of("person=" + "x" * 500).person) == 100
    many = "&".join(f"a{one}=1" for one in range(50)) + "&person=17"
    assert lead_of(many) == Lead(person="17"), "a CRM may say more than is known here"
