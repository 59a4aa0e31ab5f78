"""A plain HTTP client of the sandbox, which looks every answer up in the document, and invoices to send."""

import asyncio
import copy
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import attrs
import jsonschema_rs
import pytest

from confirma_async.contract import Overrides
from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.sandbox.openapi import document

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

INVOICE: Mapping[str, Any] = {
    "processing": {"paymentControlEnabled": True},
    "distribution": {"method": "EMAIL", "enabled": True},
    "invoice": {
        "header": {
            "number": 1042,
            "type": "INVOICE",
            "date": "2026-03-01",
            "dueDate": "2026-03-15",
            "currencyCode": "EUR",
        },
        "parties": {
            "sellerParty": {"businessId": "2345678-1", "name": "Seller Oy"},
            "buyerParty": {"name": "Buyer Oy", "address": {"postalCode": "00100", "countryCode": "FI"}},
        },
        "rows": [{"description": "Work", "quantity": 1.5, "unitPrice": 100, "netAmount": 150.00}],
    },
}


FAULTS = {402, 409, 422, 429, 500, 502, 503, 504}
"""What faults that a test has ordered answer; the document tells of those only that come by themselves."""


class Description:
    """The OpenAPI document of a sandbox, to hold its answers against."""

    def __init__(self, overrides: Overrides) -> None:
        self.document = document(overrides)
        self.validators: dict[tuple[str, str, int], jsonschema_rs.Validator] = {}

    def check(self, method: str, path: str, status: int, body: bytes) -> None:
        """Fails where the document does not describe an answer of the service."""
        operation = self.document["paths"].get(path, {}).get(method.lower())
        if operation is None or (status in FAULTS and str(status) not in operation["responses"]):
            return
        described = operation["responses"][str(status)]
        if not body:
            assert "content" not in described
            return
        form = described["content"]["application/json"]["schema"]
        whole = {**form, "components": self.document["components"]}
        place = (method, path, status)
        validator = self.validators.get(place) or jsonschema_rs.validator_for(whole, validate_formats=True)
        self.validators[place] = validator
        validator.validate(json.loads(body))


AS_SHIPPED = Description(Overrides())


@attrs.frozen
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any


class Partner:
    """Somebody who calls a sandbox with a token, as any HTTP client would."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox, token: str) -> None:
        self.http = http
        self.sandbox = sandbox
        self.token = token
        overrides = sandbox._overrides
        corrected = overrides.paths or overrides.names
        self.description = Description(overrides) if corrected else AS_SHIPPED

    async def call(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        query: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        headers = {"X-Api-Key": self.token if token is None else token}
        async with self.http.request(
            method,
            self.sandbox.url + path,
            data=None if data is None else io.BytesIO(data),
            params=query,
            headers=headers,
        ) as response:
            body = await response.read()
            self.description.check(method, path, response.status, body)
            return Reply(response.status, response.headers, json.loads(body or b"null", parse_float=Decimal))

    async def get(self, path: str, **query: str) -> Reply:
        return await self.call("GET", f"/api/v1/partner/{path}", query=query)

    async def send(self, path: str, body: Any) -> Reply:
        return await self.call("POST", f"/api/v1/partner/{path}", data=json.dumps(body).encode())

    async def act(self, code: str, number: int = 1042, **data: Any) -> Reply:
        action = {"code": code, "comment": "why", "data": {"invoiceNumber": number, **data}}
        return await self.send("invoice/action", {"actions": [action]})

    async def case(self, number: int = 1042) -> dict[str, Any]:
        reply = await self.get("invoice/case", invoiceNumber=str(number))
        assert reply.status == 200, reply.body
        case: dict[str, Any] = reply.body["case"]
        return case

    async def post(self, invoice: Mapping[str, Any] | bytes) -> Reply:
        data = invoice if isinstance(invoice, bytes) else json.dumps(invoice).encode()
        return await self.call("POST", "/api/v1/partner/invoice", data=data)

    async def listing(self, **query: str) -> Reply:
        return await self.call("GET", "/api/v1/partner/invoice/distribution", query=query)

    async def records(self, **query: str) -> list[dict[str, Any]]:
        reply = await self.listing(**query)
        assert reply.status == 200, reply.body
        records: list[dict[str, Any]] = reply.body.get("data", [])
        return records

    async def record(self, number: int) -> dict[str, Any]:
        (record,) = await self.records(invoiceNumber=str(number))
        return record


def _with(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split("__")
    for name in parents:
        tree = tree.setdefault(name, {})
    if value is None:
        tree.pop(last, None)
    else:
        tree[last] = value


@pytest.fixture
def make_invoice() -> Callable[..., dict[str, Any]]:
    """Makes an invoice; ``a__b=value`` puts a value at ``a.b`` of the whole request, None takes it away."""

    def make(number: int = 1042, **places: Any) -> dict[str, Any]:
        invoice = copy.deepcopy(dict(INVOICE))
        _with(invoice, "invoice__header__number", number)
        for path, value in places.items():
            _with(invoice, path, value)
        return invoice

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits, in real time, for something the server does by itself."""

    async def wait(condition: Callable[[], Awaitable[object] | object]) -> None:
        async with asyncio.timeout(10):
            while True:
                found = condition()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=VirtualClock(START)) as sandbox:
        yield sandbox


@pytest.fixture
def partner_of(http: aiohttp.ClientSession) -> Callable[..., Partner]:
    def make(sandbox: Sandbox, token: str | None = None) -> Partner:
        return Partner(http, sandbox, sandbox.api_key if token is None else token)

    return make


@pytest.fixture
def partner(sandbox: Sandbox, partner_of: Callable[..., Partner]) -> Partner:
    return partner_of(sandbox)
