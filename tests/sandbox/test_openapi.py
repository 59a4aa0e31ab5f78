"""The OpenAPI document, and requests made from it: no server error, and no answer outside of it."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from confirma_async.contract import OPERATIONS, Overrides, TokenKind, schema_classes
from confirma_async.converters import Converter
from confirma_async.sandbox.openapi import document
from confirma_async.schemas.wire import EVIDENCE
from confirma_sync import Sandbox

load_all_checks()
CONFORMANCE = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)
DESCRIBED: dict[str, Any] = {
    found.ok().definition.raw["operationId"]: found.ok()
    for found in schemathesis.openapi.from_dict(document()).get_all_operations()
    if isinstance(found, Ok)
}


@pytest.fixture(scope="module")
def blocking_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_of_the_document_gets_an_answer_outside_of_it(name, blocking_sandbox):
    sandbox = blocking_sandbox
    provisioning = OPERATIONS[name].token is TokenKind.PROVISIONING

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(case=DESCRIBED[name].as_strategy())
    def ask(case: Any) -> None:
        key = sandbox.provisioning_token if provisioning else sandbox.api_key
        answer = case.call(base_url=sandbox.url, headers={"X-Api-Key": key}, session=session)
        case.validate_response(answer, checks=CONFORMANCE)

    with requests.Session() as session:
        ask()
    assert sandbox.requests[name] >= 1


# --- the document -----------------------------------------------------------------------------------

WORDS = {"D": "documented", "E": "example", "P": "provisional"}


def _every(node: Any, key: str) -> Iterator[Any]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from _every(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _every(value, key)


def test_every_operation_is_described_with_the_evidence_of_its_path():
    described = {
        place["operationId"]: (method.upper(), path, place["x-evidence"])
        for path, methods in document()["paths"].items()
        for method, place in methods.items()
    }
    assert described == {
        operation.name: (operation.method, operation.path, WORDS[operation.evidence.value])
        for operation in OPERATIONS.values()
    }


def test_every_property_carries_the_evidence_of_its_attribute():
    converter = Converter()
    schemas = document()["components"]["schemas"]
    for name, described in schemas.items():
        if name == "SandboxError":
            continue
        cls = schema_classes()[name]
        for item in converter.fields_of(cls):
            mark = attrs.fields_dict(cls)[item.attribute].metadata[EVIDENCE]
            assert described["properties"][item.wire]["x-evidence"] == WORDS[mark.value], (name, item.wire)


def test_every_query_parameter_carries_its_evidence():
    parameters = [it for found in _every(document()["paths"], "parameters") for it in found]
    reported = {it["name"]: it["x-evidence"] for it in parameters}
    assert reported["unfetchedOnly"] == "documented"
    assert reported["businessId"] == reported["pageSize"] == reported["caseId"] == "provisional"


def test_what_cannot_be_left_out_is_required():
    schemas = document()["components"]["schemas"]
    assert schemas["InvoiceHeader"]["required"] == ["number", "date", "dueDate", "currencyCode"]
    assert "required" not in schemas["InvoiceRowData"]


def test_every_reference_leads_somewhere():
    whole = document()
    names = {reference.rsplit("/", 1)[1] for reference in _every(whole, "$ref")}
    assert names == set(whole["components"]["schemas"])


def test_overrides_change_the_document():
    corrected = document(
        Overrides(paths={"invoices.distributions_v2": "/x"}, names={"InvoiceRowData.unit_price": "priceUnit"})
    )
    assert "/x" in corrected["paths"]
    assert "/api/v2/partner/invoice/distribution" not in corrected["paths"]
    properties = corrected["components"]["schemas"]["InvoiceRowData"]["properties"]
    assert "priceUnit" in properties
    assert "unitPrice" not in properties


def test_the_document_never_claims_to_be_the_vendors():
    assert "Not the vendor's document" in document()["info"]["description"]


def test_it_is_served_with_the_sandboxes_overrides_and_without_a_key():
    overrides = Overrides(paths={"accounting.invoice_statuses": "/books"})
    with Sandbox(overrides=overrides) as sandbox:
        answer = requests.get(f"{sandbox.url}/openapi.json", timeout=10)
    assert answer.json() == document(overrides)
    assert answer.headers["x-sandbox"]
