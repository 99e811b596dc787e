"""Consents and complaints over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from concierge.cli import main
from web.guard import _template

NUMBER = "+48600500100"
SAID = {"source": "web form", "proof": "form 17"}


def test_a_consent_is_recorded_once_and_taken_back(daemon, capsys):
    wanted = {"number": "600 500 100", "topic": "Cards", "until": "2099-01-31", **SAID}
    first = daemon.ask("POST", "/v1/consents", body=wanted, Idempotency_Key="c-1")
    assert (first.status, first.body["recorded"]) == (201, True)
    assert (first.body["consent"]["topic"], first.body["consent"]["by"]) == ("cards", "token crm")
    again = daemon.ask("POST", "/v1/consents", body=wanted, Idempotency_Key="c-1")
    assert (again.status, again.body["recorded"]) == (200, False)
    assert again.body["consent"] == first.body["consent"]
    other = daemon.ask("POST", "/v1/consents", body=wanted | {"topic": "loans"}, Idempotency_Key="c-1")
    assert (other.status, other.body["reason"]) == (409, "key-used")
    held = daemon.ask("GET", f"/v1/consents/{NUMBER}", "dialer").body
    assert (held["calls"], len(held["consents"])) == ({"cards": "consent-given"}, 1)
    told = {"number": NUMBER, "topic": "cards", "source": "call"}
    assert daemon.ask("POST", "/v1/withdrawals", body=told).status == 201
    assert daemon.ask("GET", f"/v1/consents/{NUMBER}").body["calls"] == {"cards": "consent-withdrawn"}
    capsys.readouterr()
    assert main(["consent", "show", NUMBER, "--config", str(daemon.config)]) == 0
    assert "act=withdraw" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "phone"}, "body.channel"),
        ({"at": "2099-01-01T00:00:00Z"}, "body.at"),
        ({"until": "2020-01-01"}, "body.until"),
        ({"number": "+4860050010"}, "body.number"),
        ({"number": "anonymous"}, "body.number"),
        ({"source": ""}, "body.source"),
        ({"topic": ""}, "body.topic"),
        ({"more": 1}, "body.more"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_recorded(daemon, change, field):
    body = {"number": "+48600500101", "topic": "cards", **SAID} | change
    said = daemon.ask("POST", "/v1/consents", body=body)
    assert (said.status, [one["where"] for one in said.body["errors"]]) == (422, [field])
    assert daemon.ask("GET", "/v1/consents/+48600500101").body["consents"] == []


def test_a_complaint_lists_the_number_and_is_open_until_it_is_answered(daemon):
    wanted = {"number": "600500200", "about": "Monday", "text": "I had said no", "source": "letter"}
    made = daemon.ask("POST", "/v1/complaints", body=wanted, Idempotency_Key="k-1")
    assert (made.status, made.body["complaint"]["answered"]) == (201, None)
    assert daemon.agi("600500200")[:2] == ["REFUSE", "listed"]
    assert daemon.ask("POST", "/v1/complaints", body=wanted, Idempotency_Key="k-1").status == 200
    assert daemon.ask("POST", "/v1/complaints", body=wanted | {"text": "x"}, Idempotency_Key="k-1").status == 409
    identity = made.body["complaint"]["id"]
    assert identity in [one["id"] for one in daemon.ask("GET", "/v1/complaints", "dialer").body]
    where = f"/v1/complaints/{identity}/answer"
    assert daemon.ask("POST", where, "dialer", {"text": "we are sorry"}).status == 403
    for _ in range(2):
        assert daemon.ask("POST", where, body={"text": "we are sorry"}).body["answer"] == "we are sorry"
    assert daemon.ask("POST", where, body={"text": "other words"}).status == 409
    assert identity not in [one["id"] for one in daemon.ask("GET", "/v1/complaints").body]
    assert identity in [one["id"] for one in daemon.ask("GET", "/v1/complaints?all=true").body]
    assert (
        daemon.ask("POST", f"/v1/complaints/{uuid4()}/answer", body={"text": "x"}).body["reason"] == "no-such-complaint"
    )


def test_a_key_belongs_to_one_request_whatever_its_kind(daemon):
    entry = {"number": "600500300", "reason": "asked", "source": "crm"}
    consent = {"number": "600500300", "topic": "cards", **SAID}
    assert daemon.ask("POST", "/v1/entries", body=entry, Idempotency_Key="same-1").status == 201
    assert daemon.ask("POST", "/v1/consents", body=consent, Idempotency_Key="same-1").status == 409
    assert daemon.ask("POST", "/v1/consents", body=consent, Idempotency_Key="same-2").status == 201
    assert daemon.ask("POST", "/v1/entries", body=entry, Idempotency_Key="same-2").status == 409
    complaint = {"number": "600500300", "about": "a", "text": "b", "source": "c"}
    assert daemon.ask("POST", "/v1/complaints", body=complaint, Idempotency_Key="same-1").status == 409
    assert daemon.ask("POST", "/v1/complaints", body=complaint, Idempotency_Key="same-3").status == 201
    assert daemon.ask("POST", "/v1/entries", body=entry, Idempotency_Key="same-3").status == 409


@pytest.mark.parametrize("path", ["/v1/consents", "/v1/withdrawals", "/v1/complaints"])
def test_a_token_that_may_read_records_nothing(daemon, path):
    said = daemon.ask("POST", path, "dialer", {"number": NUMBER})
    assert (said.status, said.body["reason"]) == (403, "scope")
    assert daemon.ask("POST", path, None, {"number": NUMBER}).status == 401


def test_the_access_line_has_the_path_and_nothing_that_a_client_wrote():
    assert _template("/v1/consents/+48600500100") == "/v1/consents/{number}"
    assert _template("/v1/complaints/48600500-0000-4000-8000-000000000000/answer") == "/v1/complaints/{id}/answer"
    assert _template("/v1/callbacks/7/claim") == "/v1/callbacks/{id}/claim"
    assert _template("/v1/callbacks/600500100/steal") == "-"
    assert _template("/v1/withdrawals") == "/v1/withdrawals"


def test_the_longest_text_fits_however_it_is_written(daemon):
    wanted = {"number": "600500400", "about": "\U0001f600" * 200, "text": "\U0001f600" * 4000, "source": "\u20ac" * 40}
    made = daemon.ask("POST", "/v1/complaints", body=wanted)
    assert (made.status, made.body["complaint"]["text"]) == (201, wanted["text"])
    assert daemon.ask("POST", "/v1/complaints", body=wanted | {"text": "\U0001f600" * 4001}).status == 422
