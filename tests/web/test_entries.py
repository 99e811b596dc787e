"""What is listed over HTTP holds for the next call."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from concierge.cli import main

_fresh = itertools.count(48_600_300_000)
WHY = {"reason": "asked by letter", "source": "crm"}


@pytest.fixture
def number() -> str:
    """One that no other test has listed."""
    return f"+{next(_fresh)}"


def test_an_entry_by_http_refuses_the_next_agi_check_and_a_removal_allows_it_again(daemon, number):
    assert daemon.agi(number) == ["ALLOW", "not-listed"]
    said = daemon.ask("POST", "/v1/entries", body={"number": number, **WHY})
    assert (said.status, said.body["recorded"]) == (201, True)
    assert said.body["entry"] | {"entry": 0, "created_at": ""} == {
        "entry": 0,
        "number": number,
        "last": None,
        "allow": False,
        "campaign": None,
        **WHY,
        "created_at": "",
        "expires_at": None,
        "revoked_at": None,
        "holds": True,
    }
    assert daemon.agi(number) == ["REFUSE", "listed"]
    gone = daemon.ask("POST", "/v1/removals", body={"number": number, **WHY})
    assert (gone.status, gone.body["entry"]["holds"]) == (201, False)
    assert daemon.agi(number)[0] == "ALLOW"


def test_every_way_of_writing_a_number_is_the_same_number(daemon, number):
    assert (
        daemon.ask("POST", "/v1/entries", body={"number": f"00{number[1:]}", **WHY}).body["entry"]["number"] == number
    )
    for written in (number, f"%2B{number[1:]}", number[3:], f"{number[3:6]}%20{number[6:9]}%20{number[9:]}"):
        said = daemon.ask("GET", f"/v1/entries/{written}", "dialer")
        assert (said.status, said.body["number"], said.body["listed"]) == (200, number, True)


def test_what_is_not_listed_is_no_error(daemon, number):
    said = daemon.ask("GET", f"/v1/entries/{number}")
    assert (said.status, said.body) == (200, {"number": number, "listed": False, "entries": []})


def test_a_campaign_and_a_last_day(daemon, number):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    body = {"number": number, "campaign": "Spring", "until": str(tomorrow), **WHY}
    said = daemon.ask("POST", "/v1/entries", body=body)
    assert said.body["entry"]["campaign"] == "spring"
    assert said.body["entry"]["expires_at"].startswith(str(tomorrow + timedelta(days=1)))
    assert daemon.agi(number, "autumn") == ["ALLOW", "not-listed"]
    assert daemon.agi(number, "SPRING") == ["REFUSE", "listed-for-campaign"]
    late = daemon.ask("POST", "/v1/entries", body=body | {"until": "2020-01-01"})
    assert (late.status, late.body["reason"]) == (422, "day-is-over")


def test_the_same_key_is_recorded_once_and_another_request_with_it_is_a_conflict(daemon, number):
    body = {"number": number, **WHY}
    first = daemon.ask("POST", "/v1/entries", body=body, Idempotency_Key=f"a-{number}")
    again = daemon.ask("POST", "/v1/entries", body=body, Idempotency_Key=f"a-{number}")
    assert (first.status, again.status, again.body["recorded"]) == (201, 200, False)
    assert first.body["event"] == again.body["event"]
    other = daemon.ask("POST", "/v1/entries", body=body | {"reason": "else"}, Idempotency_Key=f"a-{number}")
    assert (other.status, other.body["reason"]) == (409, "key-used")
    other = daemon.ask("POST", "/v1/removals", body=body, Idempotency_Key=f"a-{number}")
    assert (other.status, other.body["reason"]) == (409, "key-used")
    gone = [daemon.ask("POST", "/v1/removals", body=body, Idempotency_Key=f"b-{number}").status for _ in range(2)]
    assert gone == [201, 200]


def test_the_same_key_for_another_number_is_a_conflict_and_lists_nothing(daemon, number):
    other = f"+{next(_fresh)}"
    assert daemon.ask("POST", "/v1/entries", body={"number": number, **WHY}, Idempotency_Key="c").status == 201
    assert daemon.ask("POST", "/v1/entries", body={"number": other, **WHY}, Idempotency_Key="c").status == 409
    assert daemon.agi(other) == ["ALLOW", "not-listed"]


def test_removing_what_is_not_listed_is_a_404_that_names_the_scopes(daemon, number):
    said = daemon.ask("POST", "/v1/removals", body={"number": number, **WHY})
    assert (said.status, said.body["reason"]) == (404, "not-listed")
    daemon.ask("POST", "/v1/entries", body={"number": number, "campaign": "spring", **WHY})
    assert "spring" in daemon.ask("POST", "/v1/removals", body={"number": number, **WHY}).body["detail"]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("112", "number-emergency"),
        ("600 100 200, 600 100 201", "number-two-numbers"),
        ("4.86001E+10", "number-exponent"),
        ("hello", "number-letters"),
        ("", "invalid"),
        ("9" * 129, "invalid"),
        ("+48111111111", "not-in-a-numbering-plan"),
    ],
)
def test_a_number_that_cannot_be_listed_says_why_and_is_not_repeated(daemon, written, reason):
    said = daemon.ask("POST", "/v1/entries", body={"number": written, **WHY})
    assert (said.status, said.body["reason"]) == (422, reason)
    assert said.body["errors"][0]["where"] == "body.number"
    assert len(written) < 5 or written not in json.dumps(said.body)


def test_a_number_of_no_plan_is_listed_when_that_is_meant(daemon):
    assert daemon.ask("POST", "/v1/entries", body={"number": "+48111111111", "force": True, **WHY}).status == 201


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"campain": "spring"}, "body.campain"),
        ({"campaign": "two words"}, "body.campaign"),
        ({"until": "31.12.2027"}, "body.until"),
        ({"until": 20271231}, "body.until"),
        ({"reason": " "}, "body.reason"),
        ({"reason": "a\nb"}, "body.reason"),
        ({"source": "x" * 41}, "body.source"),
        ({"number": 48600100200}, "body.number"),
        ({"force": 1}, "body.force"),
        ({"reason": "\ud800"}, "body.reason"),
    ],
)
def test_a_field_that_is_wrong_is_named(daemon, number, wrong, where):
    said = daemon.ask("POST", "/v1/entries", body={"number": number, **WHY} | wrong)
    assert (said.status, said.body["reason"], said.body["errors"][0]["where"]) == (422, "invalid", where)
    assert said.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b'{"number": NaN'])
def test_what_is_no_json_is_a_400(daemon, body):
    said = daemon.ask("POST", "/v1/entries", body=body, Content_Type="application/json")
    assert said.status in ((422,) if body == b"" else (400,)), said


def test_check_says_what_the_command_says(daemon, number, capsys):
    daemon.ask("POST", "/v1/entries", body={"number": number, "campaign": "spring", **WHY})
    moment = "2026-11-23T12:00:00+01:00"
    for dialled in (number, number[3:], "112", "hello", "0048"):
        for campaign in ("", "spring", "no name"):
            words = ["check", dialled, "--campaign", campaign, "--at", moment, "--config", str(daemon.config)]
            main([*words, "--format", "json"])
            command = json.loads(capsys.readouterr().out)
            query = f"number={dialled.replace('+', '%2B')}&campaign={campaign.replace(' ', '%20')}"
            said = daemon.ask("GET", f"/v1/check?{query}&at={moment.replace('+', '%2B')}", "dialer")
            assert said.status == 200
            times = ("at", "last_contact")
            assert {k: v for k, v in said.body.items() if k not in times} == {
                k: v for k, v in command.items() if k not in times
            }


def test_a_check_leaves_evidence_only_when_that_is_asked_for(daemon, number):
    path = f"/v1/check?number={number.replace('+', '%2B')}"
    assert daemon.ask("GET", path).body["contacts_30d"] == 0
    assert daemon.ask("GET", path).body["contacts_30d"] == 0
    assert daemon.ask("GET", path + "&evidence=true").body["verdict"] == "allow"
    daemon.run(daemon.service.journal._flush())
    assert daemon.ask("GET", path).body["contacts_30d"] == 1


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("", "query.number"),
        ("number=1&campain=spring", "query.campain"),
        ("number=1&at=yesterday", "query.at"),
        ("number=1&at=2026-11-23T12:00:00", "query.at"),
        ("number=1&at=0", "query.at"),
        ("number=1&evidence=maybe", "query.evidence"),
        ("number=1&evidence=true&at=2026-11-23T12:00:00Z", "query.at"),
    ],
)
def test_a_question_that_is_wrong_is_told_so(daemon, query, where):
    said = daemon.ask("GET", f"/v1/check?{query}")
    assert (said.status, said.body["errors"][0]["where"]) == (422, where)


def test_a_list_that_is_gone_refuses_and_says_503_without_its_path(start, tmp_path):
    daemon = start()
    (tmp_path / "list.db").rename(tmp_path / "away.db")
    said = daemon.ask("POST", "/v1/entries", body={"number": "+48600100200", **WHY})
    assert (said.status, said.body["reason"]) == (503, "list-unavailable")
    assert str(tmp_path) not in json.dumps(said.body)
    assert daemon.ask("GET", "/v1/entries/600100200").status == 503
    check = daemon.ask("GET", "/v1/check?number=600100200")
    assert (check.status, check.body["verdict"], check.body["reason"]) == (200, "refuse", "list-unavailable")
    (tmp_path / "away.db").rename(tmp_path / "list.db")


def test_a_range_is_listed_a_number_inside_of_it_allowed_and_both_taken_back(daemon):
    range_ = {"number": "+48605550000", "last": "605 559 999", **WHY}
    said = daemon.ask("POST", "/v1/entries", body=range_)
    assert (said.status, said.body["entry"]["last"]) == (201, "+48605559999")
    inside = {"number": "+48605550005", "allow": True, **WHY}
    assert daemon.ask("POST", "/v1/entries", body=inside).body["entry"]["allow"] is True
    assert daemon.agi("+48605550004") == ["REFUSE", "listed"]
    assert daemon.agi("+48605550005")[0] == "ALLOW"
    assert daemon.agi("+48605560000") == ["ALLOW", "not-listed"]
    assert daemon.ask("POST", "/v1/removals", body=inside).status == 201
    assert daemon.agi("+48605550005") == ["REFUSE", "listed"]
    assert daemon.ask("POST", "/v1/removals", body={"number": "+48605550000", **WHY}).status == 404
    assert daemon.ask("POST", "/v1/removals", body=range_).status == 201
    assert daemon.agi("+48605550004") == ["ALLOW", "not-listed"]


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("+48605550005", "+48605550004", "no-range"),
        ("+48605550005", "+48605550005", "no-range"),
        ("+48605550005", "+4915112345678", "no-range"),
        ("+48605550005", "112", "number-emergency"),
        ("+48605550005", "hello", "number-letters"),
    ],
)
def test_what_is_no_range_lists_nothing(daemon, first, last, reason):
    said = daemon.ask("POST", "/v1/entries", body={"number": first, "last": last, **WHY})
    assert (said.status, said.body["reason"]) == (422, reason), said.body
    assert [one["where"] for one in said.body["errors"]] == ["body.last"]


def test_the_same_key_for_a_range_with_another_end_is_a_conflict(daemon):
    sent = {"number": "+48605570000", "last": "+48605570009", **WHY}
    assert daemon.ask("POST", "/v1/entries", body=sent, Idempotency_Key="r").status == 201
    assert daemon.ask("POST", "/v1/entries", body=sent, Idempotency_Key="r").status == 200
    other = sent | {"last": "+48605570008"}
    assert daemon.ask("POST", "/v1/entries", body=other, Idempotency_Key="r").status == 409


def test_a_person_s_export_has_everything_and_takes_a_token_of_its_own(daemon, number):
    daemon.ask("POST", "/v1/entries", body={"number": number, **WHY})
    daemon.agi(number, "spring")
    path = f"/v1/persons/{number}"
    for name in ("crm", "dialer"):
        said = daemon.ask("GET", path, name)
        assert (said.status, said.body["reason"]) == (403, "scope")
    said = daemon.ask("GET", path, "officer")
    assert said.status == 200
    assert [one["reason"] for one in said.body["events"]] == [WHY["reason"]]
    assert said.body["entries"][0]["holds"] is True
    consent = {"number": number, "topic": "cards", "source": "form"}
    assert daemon.ask("POST", "/v1/consents", body=consent).status == 201
    assert [one["subject"] for one in daemon.ask("GET", path, "officer").body["consents"]] == ["cards"]
    assert said.body["checks"] == [] or said.body["checks"][0]["campaign"] == "spring"
    assert daemon.ask("POST", "/v1/entries", "officer", {"number": number, **WHY}).status == 403


def test_each_reading_is_noted_with_the_token_s_name(daemon, number):
    from contextlib import closing

    from models.access import accesses
    from models.store import Store

    daemon.ask("GET", f"/v1/entries/{number}", "dialer")
    daemon.ask("GET", f"/v1/check?number={number.replace('+', '%2B')}", "dialer")
    daemon.ask("GET", f"/v1/persons/{number}", "officer")
    daemon.ask("GET", f"/v1/persons/{number}", "crm")
    with closing(Store(daemon.config.with_name("list.db"))) as store:
        found = [(one.who, one.via, one.action, one.answered) for one in accesses(store, int(number[1:]))]
    assert found == [
        ("token dialer", "http", "entries", 0),
        ("token dialer", "http", "check", 1),
        ("token officer", "http", "person", 0),
    ]


@pytest.mark.parametrize(
    "body",
    [
        '{"number": "%s", "number": "+48600399999", "reason": "x", "source": "y"}',
        '{"number": "%s", "reason": "x", "source": "y", "reason": "x"}',
    ],
)
def test_a_body_that_names_a_field_twice_lists_nobody(daemon, number, body):
    said = daemon.ask("POST", "/v1/entries", body=(body % number).encode(), Content_Type="application/json")
    assert (said.status, said.body["reason"]) == (422, "invalid")
    assert said.body["detail"].startswith("body: a name stands twice")
    assert daemon.agi(number)[0] == daemon.agi("+48600399999")[0] == "ALLOW"


def test_a_query_that_names_a_field_twice_gets_no_verdict(daemon, number):
    said = daemon.ask("GET", f"/v1/check?number=%2B{number[1:]}&number=%2B48600399998")
    assert (said.status, said.body["reason"]) == (422, "invalid")
    assert said.body["detail"].startswith("query: a name stands twice")


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "9999-12-31T23:00:00Z"]
)
def test_a_time_at_the_ends_of_the_calendar_is_refused_and_no_mistake_of_ours(daemon, number, at):
    said = daemon.ask("GET", f"/v1/check?number=%2B{number[1:]}&at={at}")
    assert (said.status, said.body["errors"]) == (
        422,
        [{"where": "query.at", "what": "expected a time in the years 1900 to 2999"}],
    )
    said = daemon.ask("POST", "/v1/withdrawals", body={"number": number, "source": "letter", "at": at})
    assert said.status == 422
