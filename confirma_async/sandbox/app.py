"""The sandbox as an aiohttp application: routes, token check, faults, headers."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import logging
import socket
import struct
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from aiohttp import web
from attrs import evolve, frozen

from confirma_async.contract import OPERATIONS, RENEW_TOKEN, Operation, Overrides, TokenKind
from confirma_async.contract.places import moved, usual_place
from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.admin import PREFIX, administer, is_host
from confirma_async.sandbox.answers import RejectedError, SandboxResponse, error_response
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.controls import Controls
from confirma_async.sandbox.faults import Fault, FaultPlan, FaultRule
from confirma_async.sandbox.handlers import HANDLERS, Call
from confirma_async.sandbox.store import SandboxClient

logger: logging.Logger = logging.getLogger(__name__)

NOT_THE_VENDOR = "confirma-sdk sandbox; not the vendor's service"
"""What ``x-sandbox`` says on every answer."""

BODY_LIMIT = 32 * 1024 * 1024
"""The largest body taken, in bytes; a larger one gets 413. Ours: no limit is documented."""

DOCUMENT_PATH = "/openapi.json"
"""Where the OpenAPI document is. Ours."""

NO_CONTENT = 204

_PARTNER = SandboxClient(name="partner", api_key="", service="")
"""Whom the provisioning token belongs to: no client, and nobody who has invoices."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST, so the peer sees a reset and no orderly end."""

_DROPS = 10
"""The pieces in which a dripping body comes."""

_REPLACED_BY = {Fault.TOO_MANY_REQUESTS: 429, Fault.UNAVAILABLE: 503}


@frozen(kw_only=True)
class AppContext:
    """The parts of the sandbox that a request passes.

    Attributes:
        backend: The parts that handlers use.
        controls: Runs the commands of the administration; has the faults, and counts the requests.
        routes: Operations by path and method.
        document: Returns the OpenAPI document, which is made at the first request for it.
        overrides: The corrections in force.
    """

    backend: Backend
    controls: Controls
    routes: Mapping[str, Mapping[str, Operation[object]]]
    document: Callable[[], bytes]
    overrides: Overrides


def routes(overrides: Overrides) -> Mapping[str, Mapping[str, Operation[object]]]:
    """Return every row of the contract by path and method, with the paths corrected.

    Raises:
        ConfigurationError: the overrides put two operations at one place.
    """
    table: dict[str, dict[str, Operation[object]]] = {}
    for operation in map(overrides.applied, OPERATIONS.values()):
        methods = table.setdefault(operation.path, {})
        if operation.method in methods:
            other = methods[operation.method].name
            raise ConfigurationError(f"overrides: {operation.name} and {other} share a method and path")
        methods[operation.method] = operation
    return MappingProxyType(table)


def make_app(context: AppContext) -> web.Application:
    """Return the web application over a context."""

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await _serve(context, request)
        except RejectedError as rejected:
            return _response(rejected.answer)

    async def sign(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["x-sandbox"] = NOT_THE_VENDOR
        response.headers["x-request-id"] = uuid.uuid4().hex
        response.headers["Date"] = email.utils.format_datetime(context.backend.clock.now(), usegmt=True)

    app = web.Application(client_max_size=BODY_LIMIT)
    # One route for all: paths come from the contract and may hold whatever an override says.
    app.router.add_route("*", "/{path:.*}", serve)
    app.on_response_prepare.append(sign)
    return app


async def _serve(context: AppContext, request: web.Request) -> web.StreamResponse:
    if not is_host(request.host):
        return _response(error_response(400, "the Host header names no host"))
    methods = context.routes.get(request.path)
    if methods is None:
        return _response(await _beside_the_api(context, request))
    operation = methods.get(request.method)
    if operation is None:
        allowed = ", ".join(sorted(methods))
        return _response(error_response(405, f"this path takes {allowed}", headers={"Allow": allowed}))
    context.controls.requests[operation.name] += 1
    # The body is read before any fault, so that "before" and "after the commit" are all that differs.
    body = await _body_of(request)
    plan = context.controls.faults.plan(operation.name, body)
    if plan.latency_seconds:
        await asyncio.sleep(plan.latency_seconds)
    return await _answer(context, request, operation, body, plan)


async def _body_of(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RejectedError(413, f"the body is larger than {BODY_LIMIT} bytes") from None
    except ConnectionError:
        raise RejectedError(400, "the body is not complete") from None  # the sender left; nobody reads this
    except web.RequestPayloadError:
        raise RejectedError(400, "the body cannot be read: its encoding is broken") from None


async def _beside_the_api(context: AppContext, request: web.Request) -> SandboxResponse:
    """Return an answer of the paths that are not the vendor's: OpenAPI document and administration."""
    if request.path == DOCUMENT_PATH and request.method == "GET":
        return SandboxResponse(body=context.document())
    if not request.path.startswith(PREFIX):
        return error_response(404, "there is nothing at this path")
    return administer(
        context.controls,
        method=request.method,
        path=request.path,
        senders=(f"//{request.host}", request.headers.get("Origin", "")),
        body=await _body_of(request),
    )


async def _answer(
    context: AppContext, request: web.Request, operation: Operation[object], body: bytes, plan: FaultPlan
) -> web.StreamResponse:
    handle = partial(_handle, context, request, operation, body, plan)
    rule = plan.decisive
    if rule is None:
        return _response(handle())
    if rule.kind is Fault.RESET_BEFORE_COMMIT:
        return _reset(request)
    replaced = _replacement(rule)
    if replaced is not None and not rule.after_commit:
        return _response(replaced)
    answer = handle()
    if rule.kind is Fault.DUPLICATE_DELIVERY:
        return _response(handle())
    if rule.kind is Fault.RESET_AFTER_COMMIT:
        return _reset(request)
    if rule.kind is Fault.TRUNCATED_BODY:
        return await _truncated(request, answer)
    if rule.kind is Fault.SLOW_DRIP:
        return await _dripping(request, answer, rule.seconds)
    return _response(replaced or answer)


def _handle(
    context: AppContext, request: web.Request, operation: Operation[object], body: bytes, plan: FaultPlan
) -> SandboxResponse:
    try:
        client = _client_of(context.backend, request.headers.get("X-Api-Key", ""), operation)
        if plan.rejected_with is not None:
            return error_response(plan.rejected_with, f"a fault was ordered: {Fault.REFUSAL.value}")
        call = Call(client=client, query=dict(request.query), body=body, faults=plan)
        return _with_list_moved(context, operation, HANDLERS[operation.name](context.backend, call))
    except RejectedError as rejected:
        return rejected.answer
    except Exception:
        logger.exception("the sandbox failed in %s", operation.name)
        return error_response(500, "the sandbox itself failed; its log says where")


def _with_list_moved(
    context: AppContext, operation: Operation[object], answer: SandboxResponse
) -> SandboxResponse:
    """Return the answer with its list at the place that the overrides name."""
    place = context.overrides.lists.get(operation.name)
    if place is None or answer.status != 200 or not answer.body:
        return answer
    converter = context.backend.converter
    usual = usual_place(operation, converter)
    return evolve(answer, body=converter.encode(moved(converter.parse(answer.body), usual, place)))


def _client_of(backend: Backend, token: str, operation: Operation[object]) -> SandboxClient:
    """Return the client of a token.

    401 for a missing or invalid token is documented (contract §1), and so is that an expired one may be
    renewed (§3); 403 is documented, too (§1), but that it is for a token of the other kind is our reading.

    Raises:
        RefusedError: the token cannot be used.
    """
    client = backend.store.accounts.by_token(token)
    is_provisioning = token == backend.provisioning_token
    if client is None and not is_provisioning:
        what = "the token in X-Api-Key is unknown" if token else "X-Api-Key is missing"
        raise RejectedError(401, what)
    if is_provisioning is not (operation.token is TokenKind.PROVISIONING):
        kind = "a client's token" if operation.token is TokenKind.CLIENT else "the provisioning token"
        raise RejectedError(403, f"this operation wants {kind}")
    if client is None:
        return _PARTNER
    if operation.name != RENEW_TOKEN.name and client.has_expired(backend.clock.now()):
        raise RejectedError(401, "the token in X-Api-Key has expired; renew it")
    return client


def _replacement(rule: FaultRule) -> SandboxResponse | None:
    """Return the answer that a fault gives instead of the handler's; None for faults that give none."""
    if rule.kind is Fault.FOREIGN_ANSWER:
        return SandboxResponse(body=rule.body.encode())
    status = rule.status if rule.kind is Fault.SERVER_ERROR else _REPLACED_BY.get(rule.kind)
    if status is None:
        return None
    wait = rule.retry_after
    if isinstance(wait, float) and wait.is_integer():
        wait = int(wait)  # the header's seconds are whole
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return error_response(status, f"a fault was ordered: {rule.kind.value}", headers=headers)


def _response(answer: SandboxResponse) -> web.Response:
    if answer.status == NO_CONTENT:
        return web.Response(status=NO_CONTENT)
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers=answer.headers,
        content_type="application/json",
    )


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()  # aiohttp wants one; there is nobody left to send it to


def _announced(answer: SandboxResponse) -> web.StreamResponse:
    """Return the head of an answer, with the length of the body that follows."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = "application/json"
    response.content_length = len(answer.body)
    return response


async def _dripping(request: web.Request, answer: SandboxResponse, seconds: float) -> web.StreamResponse:
    response = _announced(answer)
    size = -(-len(answer.body) // _DROPS) or 1
    with contextlib.suppress(ConnectionError):  # whoever had enough of waiting is gone
        await response.prepare(request)
        for start in range(0, len(answer.body), size):
            await asyncio.sleep(seconds / _DROPS)
            await response.write(answer.body[start : start + size])
    return response


async def _truncated(request: web.Request, answer: SandboxResponse) -> web.StreamResponse:
    response = _announced(answer)
    with contextlib.suppress(ConnectionError):  # the same
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
