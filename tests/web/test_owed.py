"""Callbacks over HTTP."""

from __future__ import annotations

from concierge.cli import main


def test_a_promise_is_claimed_by_one_client_and_done(daemon):
    words = ["callbacks", "add", "600 400 300", "--reason", "wants an offer", "--config", str(daemon.config)]
    assert main(words) == 0
    (owed,) = [one for one in daemon.ask("GET", "/v1/callbacks").body if one["number"] == "+48600400300"]
    where = f"/v1/callbacks/{owed['id']}"
    assert (owed["state"], owed["overdue"], owed["kind"]) == ("open", False, "promise")
    claimed = daemon.ask("POST", f"{where}/claim")
    assert (claimed.status, claimed.body["holder"]) == (200, "token crm")
    assert main(["callbacks", "claim", str(owed["id"]), "--by", "anna", "--config", str(daemon.config)]) == 1
    assert daemon.ask("POST", f"{where}/release").body["state"] == "open"
    done = daemon.ask("POST", f"{where}/done", body={"outcome": "reached"})
    assert (done.status, done.body["state"], done.body["outcome"]) == (200, "done", "reached")
    again = daemon.ask("POST", f"{where}/claim")
    assert (again.status, again.body["reason"]) == (409, "not-possible")
    assert daemon.ask("POST", "/v1/callbacks/999/claim").status == 404
    assert daemon.ask("GET", "/v1/callbacks?overdue=true").body == []
