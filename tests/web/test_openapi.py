"""The OpenAPI document says what the endpoint does, and the endpoint does what it says."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from concierge.cli import main

NUMBERS = ["+48600100299", "600 100 299", "0048600100299"]
CREATED = {"200", "201", "400", "401", "403", "408", "409", "413", "422", "429", "500", "503"}
_ALWAYS = {"200", "401", "403", "408", "413", "422", "429", "500", "503"}
OPERATIONS = {
    ("GET", "/v1/callbacks"): _ALWAYS,
    ("POST", "/v1/callbacks/{id}/claim"): _ALWAYS | {"404", "409"},
    ("POST", "/v1/callbacks/{id}/release"): _ALWAYS | {"404", "409"},
    ("POST", "/v1/callbacks/{id}/done"): _ALWAYS | {"400", "404", "409"},
    ("POST", "/v1/entries"): CREATED,
    ("POST", "/v1/consents"): CREATED,
    ("POST", "/v1/withdrawals"): CREATED,
    ("GET", "/v1/consents/{number}"): _ALWAYS,
    ("POST", "/v1/complaints"): CREATED,
    ("GET", "/v1/complaints"): _ALWAYS,
    ("POST", "/v1/complaints/{id}/answer"): _ALWAYS | {"400", "404", "409"},
    ("POST", "/v1/removals"): {
        "200",
        "201",
        "400",
        "401",
        "403",
        "404",
        "408",
        "409",
        "413",
        "422",
        "429",
        "500",
        "503",
    },
    ("GET", "/v1/check"): {"200", "401", "408", "413", "422", "429", "500", "503"},
    ("GET", "/v1/persons/{number}"): {"200", "401", "408", "413", "422", "429", "500", "503"},
    ("GET", "/v1/entries/{number}"): {"200", "401", "408", "413", "422", "429", "500", "503"},
}


@pytest.fixture(scope="module")
def document(daemon):
    return daemon.ask("GET", "/openapi.json", None).body


def test_every_operation_names_its_answers_and_asks_for_a_token(document):
    found = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {key: set(operation["responses"]) - {"403"} for key, operation in found.items()} == {
        key: codes - {"403"} for key, codes in OPERATIONS.items()
    }
    [(scheme, kind)] = document["components"]["securitySchemes"].items()
    assert (kind["type"], kind["scheme"]) == ("http", "bearer")
    assert all(operation["security"] == [{scheme: []}] for operation in found.values())
    assert all("403" in found[key]["responses"] for key in found if key[0] == "POST")


def test_every_reference_leads_somewhere_and_every_schema_is_used(document):
    named, used = set(document["components"]["schemas"]), set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                used.add(node["$ref"].removeprefix("#/components/schemas/"))
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(document)
    assert used == named


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_schemathesis_finds_nothing(daemon, method, path):
    """Valid and invalid requests of the document's own making: no 5xx, no undocumented answer, no invalid one accepted.

    That valid data is accepted is not asked: which texts are telephone numbers no schema can say.
    """
    daemon.ask("POST", "/v1/entries", body={"number": NUMBERS[0], "reason": "asked", "source": "letter"})
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{daemon.port}/openapi.json")
    asked: list[int] = []
    operation = schema[path][method]
    known = {"id": [_known_id(daemon, path)]} if "{id}" in path else {"number": NUMBERS}
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        strategy = operation.as_strategy(generation_mode=mode)
        token = daemon.tokens["officer" if "persons" in path else "crm"]
        _run(strategy, token, asked, known if mode is schemathesis.GenerationMode.POSITIVE else {})
    assert {200, 201} & set(asked), set(asked)
    assert 422 in asked


def _known_id(daemon, path):
    """Of a callback or complaint that is there."""
    if "callbacks" in path:
        words = ["callbacks", "add", NUMBERS[0], "--reason", "wants an offer", "--config", str(daemon.config)]
        assert main(words) == 0
        return daemon.ask("GET", "/v1/callbacks").body[0]["id"]
    body = {"number": NUMBERS[0], "about": "2026-11-20", "text": "I was called", "source": "letter"}
    return daemon.ask("POST", "/v1/complaints", body=body).body["complaint"]["id"]


def _run(strategy, token, asked, known):
    """`known`: put in place of every other value that the document calls so."""

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy, values=st.fixed_dictionaries({k: st.sampled_from([None, *v]) for k, v in known.items()}))
    def probe(case, values):
        for part in (case.body, case.query, case.path_parameters):
            for name, value in values.items():
                if value is not None and isinstance(part, dict) and name in part:
                    part[name] = value
        response = case.call_and_validate(
            headers={"Authorization": f"Bearer {token}"}, excluded_checks=[positive_data_acceptance]
        )
        asked.append(response.status_code)

    probe()
