"""Onboarding: new clients, and tokens that are checked and renewed."""

from __future__ import annotations

import uuid

from attrs import evolve

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_body
from confirma_async.sandbox.rules.invoices import SERVICES
from confirma_async.sandbox.store import SandboxClient
from confirma_async.schemas import ClientCreated, ClientRequest, TokenRenewal, TokenValidity


def create_client(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with a new client, its token and its payment reference prefix (contract §3, documented).

    A service that the sandbox does not live through gets 400, and a business code that was onboarded before
    409; both are assumed.
    """
    request = read_body(backend, call, ClientRequest)
    wanted, problems = request.client, _missing(request)
    if request.service.type not in SERVICES:
        served = " or ".join(SERVICES)
        problems.append(Problem("$.service.type", "service", f"this sandbox lives through {served}"))
    if problems:
        raise RejectedError(400, "such a client cannot be onboarded", problems)
    with backend.store.transaction():
        if backend.store.accounts.by_name(wanted.business_code) is not None:
            raise RejectedError(409, "a client of this business code was onboarded before")
        client = backend.store.accounts.put(
            SandboxClient(
                name=wanted.business_code,
                api_key=str(uuid.uuid4()),
                service=request.service.type,
                expires_at=backend.token_expiry(),
                title=wanted.name,
                iban=wanted.iban_account,
                bic=wanted.bic,
            )
        )
    created = ClientCreated(
        message="The client was created.",
        client_identifier=client.identifier,
        confirma_finance_customer_code=client.customer_code,
        payment_reference_prefix=client.reference_prefix,
        api_access_token=client.api_key,
    )
    return SandboxResponse(body=backend.converter.dumps(created))


def validate_token(backend: Backend, call: Call) -> SandboxResponse:  # noqa: ARG001 (a handler's form)
    """Answer 200 (documented, contract §3); a token that is not valid has got its 401 before this."""
    return SandboxResponse(
        body=backend.converter.dumps(TokenValidity(is_valid=True, message="The token is valid."))
    )


def renew_token(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with a new token; expired ones may be renewed, too (contract §3, documented).

    Where in the answer it stands is not shown: ``apiAccessToken`` is provisional here. That the old token
    dies at once is assumed.
    """
    renewed = evolve(call.client, api_key=str(uuid.uuid4()), expires_at=backend.token_expiry())
    backend.store.accounts.put(renewed)
    answer = TokenRenewal(message="The token was renewed.", api_access_token=renewed.api_key)
    return SandboxResponse(body=backend.converter.dumps(answer))


def _missing(request: ClientRequest) -> list[Problem]:
    """Return what cannot be onboarded without (contract §3)."""
    given = {
        "$.service.partnerCode": request.service.partner_code,
        "$.client.name": request.client.name,
        "$.client.businessCode": request.client.business_code,
    }
    return [Problem(path, "required", "is required and empty") for path, value in given.items() if not value]
