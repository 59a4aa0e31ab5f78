"""Harmless questions to the real service, whose answers are compared with the contract."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field

from confirma_async import contract
from confirma_async.comparison.findings import ContractComparison, ContractFinding, FindingKind
from confirma_async.comparison.json_values import as_array, as_object
from confirma_async.comparison.observing import AnswerObservations
from confirma_async.contract import Operation
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    CallError,
    NotTheServiceError,
    ResponseDecodeError,
)
from confirma_async.pagination import NO_DAYS
from confirma_async.schemas import (
    CaseQuery,
    DistributionPageQuery,
    DistributionQuery,
    FinvoiceCredentialsQuery,
    PaymentsQuery,
    Schema,
    SettlementsQuery,
)
from confirma_async.session.call_options import CallOptions
from confirma_async.session.own_request import own_operation
from confirma_async.session.pipeline import Pipeline

A_COMPANY = "0646115-8"
"""A Business ID of the vendor's own examples, to ask for e-invoice addresses."""

_NOWHERE = "/no-such-path-of-a-contract-check"
_AS_IT_IS = CallOptions(strict=True)
"""No path that is missing counts as an empty list."""
_GONE = frozenset({404, 405, 410, 501})
DAYS = 30


@define
class _ContractCheck:
    pipeline: Pipeline
    observations: AnswerObservations
    found: list[ContractFinding] = field(factory=list[ContractFinding])

    async def ask(self, operation: Operation[object], query: Schema | None = None) -> Any:
        """Ask a question; None where it is not answered."""
        name = operation.name
        try:
            reply = await self.pipeline.reply(operation, query=query, options=_AS_IT_IS)
        except AuthenticationError:
            raise
        except APIError as error:
            standing = FindingKind.DIFFERS if error.status in _GONE else FindingKind.NEVER_SEEN
            path = self.pipeline.overrides.path_of(operation)
            message = f"{operation.method} {path} answers HTTP {error.status}"
            self._add(standing, "method" if error.status == 405 else "path", name, message)
        except ResponseDecodeError:
            self._add(FindingKind.DIFFERS, "path", name, "answers with something that is no JSON")
        except CallError as error:
            self._add(FindingKind.NEVER_SEEN, "path", name, f"was not answered ({type(error).__name__})")
        else:
            self._add(FindingKind.CONFIRMED, "path", name, f"{operation.method} answers HTTP {reply.status}")
            if not reply.empty:
                self.observations.note(operation, reply.found)
            return reply.found
        return None

    async def ask_for_days(
        self, operation: Operation[object], query: Callable[[datetime.date, datetime.date], Schema]
    ) -> Any:
        """Ask for the last days and for days that hold nothing, to see whether the filter is applied."""
        today = datetime.datetime.now(datetime.UTC).date()
        found = await self.ask(operation, query(today - datetime.timedelta(days=DAYS), today))
        if found is None or not _records(found):
            return found
        try:
            nothing = query(NO_DAYS.first, NO_DAYS.first)
            empty = await self.pipeline.reply(operation, query=nothing, options=_AS_IT_IS)
        except CallError:
            return found
        applied = not _records(empty.found)
        standing = FindingKind.CONFIRMED if applied else FindingKind.DIFFERS
        answer = "nothing" if applied else "records all the same"
        message = f"days that hold nothing are answered with {answer}"
        self._add(standing, "filter", operation.name, message)
        return found

    def _add(self, standing: FindingKind, what: str, about: str, message: str) -> None:
        self.found.append(ContractFinding(standing, what, about, message))


async def check(pipeline: Pipeline) -> ContractComparison:
    """Ask the service, and compare what comes back with the contract.

    Nothing is written, no token is renewed, and nothing is marked as fetched: settlements are asked for by
    period alone.

    Raises:
        NotTheServiceError: what answers is not the service.
        AuthenticationError: the key is not accepted.
    """
    state = _ContractCheck(pipeline, AnswerObservations(pipeline.converter, pipeline.overrides))
    await _is_the_service(state)
    listed = await state.ask_for_days(
        contract.DISTRIBUTIONS,
        lambda first, last: DistributionQuery(from_inv_date=first, to_inv_date=last),
    )
    await state.ask(contract.DISTRIBUTIONS_V2, DistributionPageQuery(page=1))
    paid = await state.ask_for_days(
        contract.PAYMENTS, lambda first, last: PaymentsQuery(from_date=first, to_date=last)
    )
    await state.ask_for_days(
        evolve(contract.SETTLEMENTS, repeatable=True),
        lambda first, last: SettlementsQuery(from_date=first, to_date=last),
    )
    for operation in (contract.LEDGER_STATUSES, contract.PAYMENT_STATUSES, contract.ACCOUNTING_INVOICE):
        await state.ask(operation)
    await state.ask(contract.FINVOICE_CREDENTIALS, FinvoiceCredentialsQuery(business_id=A_COMPANY))
    case = next(filter(None, map(_case_in, [*_records(listed), *_records(paid)])), None)
    if case is not None:
        await state.ask(contract.CASE, CaseQuery(case_id=case))
    return ContractComparison(
        source=pipeline.base_url, findings=[*state.found, *state.observations.findings()]
    )


async def _is_the_service(state: _ContractCheck) -> None:
    found = await state.ask(contract.VALIDATE_TOKEN)
    valid = (as_object(found) or {}).get("isValid")
    looks = "this does not look like the service"
    if not isinstance(valid, bool):
        raise NotTheServiceError(
            f"{looks}: GET /validate does not answer with isValid, which is documented; check the base URL"
        )
    nowhere = own_operation("GET", _NOWHERE, None, "client", state.pipeline.overrides)
    try:
        await state.pipeline.reply(nowhere, options=_AS_IT_IS)
    except CallError:
        return
    raise NotTheServiceError(
        f"{looks}: a path that cannot be there is answered all the same; check the base URL"
    )


def _records(found: object) -> list[Mapping[str, Any]]:
    """Return the records of an answer, wherever its list stands."""
    if (listed := as_array(found)) is not None:
        return [record for each in listed if (record := as_object(each)) is not None]
    return [each for value in (as_object(found) or {}).values() for each in _records(value)]


def _case_in(record: Mapping[str, Any]) -> int | None:
    for key, value in record.items():
        if key.lower() in {"caseid", "case"} and type(value) is int:
            return value
    return None
