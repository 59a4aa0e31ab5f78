"""Invoices: create them, act on them, and see what became of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

from confirma_async import bounds
from confirma_async.contract import (
    CASE,
    CREATE_INVOICE,
    CREATE_INVOICE_ACTIONS,
    DISTRIBUTIONS,
    DISTRIBUTIONS_V2,
)
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError, FindOut, Problem, RequestInvalidError
from confirma_async.pagination import NO_DAYS, PagedList, Pager, Period, Window, WindowedList, period
from confirma_async.pagination.cursors import listing_id
from confirma_async.resources.answers import reported
from confirma_async.resources.arguments import Prepared, as_schema, encode, encode_invoice, warn
from confirma_async.resources.distributions import is_last, is_outside, of_number, reading_of
from confirma_async.schemas import (
    Action,
    ActionsReceipt,
    CaseDetails,
    CaseQuery,
    DistributionInformation,
    DistributionPage,
    DistributionPageQuery,
    DistributionQuery,
    DistributionRecord,
    InvoiceActions,
    InvoiceHeader,
    InvoiceReceipt,
    SalesInvoiceRequest,
    TypedAction,
)
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline
from confirma_async.validation import Checks, Validate

_USUAL = Checks()
_ANOTHER_CASE = (
    "the service answered about another case than the one asked for: it does not seem to know the parameter "
    "that names the case. That name is provisional; correct CaseQuery.case_id with Overrides"
)


@takes_options
class Invoices:
    """``confirma.invoices``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def create(
        self,
        request: SalesInvoiceRequest | Mapping[str, Any],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> InvoiceReceipt:
        """Send one invoice (POST ``/invoice``; contract §4, documented; the answer's names are provisional).

        Args:
            request: The invoice, or a mapping of wire names.
            validate: Whether to check the invoice against the rules that need no server; ``"strict"`` refuses
                it also for what is a warning otherwise.
            allow: Rules that the invoice may break, by their ids: ``["payment-reference"]``.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the invoice breaks a rule; nothing was sent.
            OutcomeUnknownError: the invoice may have arrived; look it up before sending it again.
            CallError: the call failed otherwise.
        """
        send = self._prepare_create(request, validate=validate, allow=allow, **options)
        return await send()

    def _prepare_create(
        self,
        request: SalesInvoiceRequest | Mapping[str, Any],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> Callable[[], Coroutine[Any, Any, InvoiceReceipt]]:
        """Check the invoice, and write it as JSON: the part of ``create`` that needs no event loop.

        Returns:
            What sends it.

        Raises:
            RequestInvalidError: the invoice breaks a rule.
        """
        converter = self._pipeline.converter
        invoice = as_schema(request, SalesInvoiceRequest, converter)
        checks = _USUAL if validate is True and not allow else Checks(validate, allow)
        keys = not isinstance(request, SalesInvoiceRequest)
        body, warnings = encode_invoice(invoice, converter, checks, keys=keys)
        header = invoice.invoice.header
        if warnings:
            warn(f"invoice {header.number}", warnings)
        how = CallOptions(**options, subject=f"invoice {header.number}", find_out=partial(_look_for, header))
        return partial(self._pipeline.call, CREATE_INVOICE, body, options=how)

    async def create_actions(
        self,
        actions: Sequence[TypedAction | Action | Mapping[str, Any]],
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> ActionsReceipt:
        """Ask for actions on invoices or cases (POST ``/invoice/action``; contract §5, documented).

        The service queues them as pending and processes them later. The answer's names are provisional.

        Args:
            actions: One object per action: ``Comment``, ``Withdraw``, ``DueDate``, ``PaymentPlan``,
                ``Objection``, ``Pause``, ``DirectPayment``; ``Action`` for other codes; or mappings of wire
                names.
            validate: Whether to check the actions against the rules that need no server, or ``"strict"``.
            allow: Rules that they may break, by their ids.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: an action breaks a rule; nothing was sent.
            NotFoundError: the service knows no such invoice or case.
            OutcomeUnknownError: the actions may have arrived; look at the case before sending them again.
            CallError: the call failed otherwise.
        """
        prepared = prepared_actions(actions, self._pipeline.converter, Checks(validate, allow))
        how = CallOptions(
            **options, subject=prepared.subject, find_out=partial(_look_at, prepared.request.actions)
        )
        return await self._pipeline.call(CREATE_INVOICE_ACTIONS, prepared.body, options=how)

    async def case(
        self,
        case_id: int | None = None,
        *,
        invoice_number: int | str | None = None,
        **options: Unpack[Options],
    ) -> CaseDetails:
        """Read balance, payments and events of a case (GET ``/invoice/case``; contract §5, documented).

        The vendor's text says that the case identifier is required; the names of the query are provisional.

        Args:
            case_id: The case's number; the distribution information has it for each invoice.
            invoice_number: The invoice's number, as text or number; instead of the case, or beside it.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: neither a case nor an invoice is named; nothing was sent.
            NotFoundError: the service knows no such case.
            ConfigurationError: the service answered about another case.
            CallError: the call failed otherwise.
        """
        if case_id is None and invoice_number is None:
            problem = Problem("case_id", "case", "must name the case, or the invoice it is about")
            raise RequestInvalidError("the query", [problem])
        query = CaseQuery(case_id=case_id, invoice_number=_as_text(invoice_number))
        how = CallOptions(**options)
        answer = await self._pipeline.call(CASE, query=query, options=how)
        answered_id = answer.case and answer.case.summary and answer.case.summary.case_id
        if case_id is not None and answered_id not in {None, case_id}:
            raise ConfigurationError(_ANOTHER_CASE)
        return reported(CASE, answer)

    def distributions(
        self,
        *,
        invoice_number: int | str | None = None,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        fetch_type: str | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> Pager[DistributionInformation, DistributionRecord]:
        """Return what became of invoices (GET ``/invoice/distribution``; contract §5).

        Awaited, it is the answer of one call; iterated, it is record after record, window after window.
        The path is documented; the query and record names are provisional.

        Args:
            invoice_number: Only this invoice.
            from_date: First invoice date, included. Without dates the service takes the last 30 days.
            to_date: Last invoice date, included; today when only ``from_date`` is given.
            fetch_type: Passed on as given; its values are not documented.
            cursor: The ``cursor`` of a page, after which to go on; it takes the place of the dates.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the last date is before the first, only the last one is given, or the cursor
                is not of this listing.
            ConfigurationError: the service ignores the dates, or cuts its answers (when awaited or iterated).
            CallError: a call failed (when awaited or iterated).
        """
        how = CallOptions(**options)
        number = _as_text(invoice_number)

        async def fetch(window: Window | None) -> DistributionInformation:
            query = DistributionQuery(
                invoice_number=number,
                from_inv_date=window.first if window else None,
                to_inv_date=window.last if window else None,
                fetch_type=fetch_type,
            )
            return await self._pipeline.call(DISTRIBUTIONS, query=query, options=how)

        note = self._pipeline.noting(DISTRIBUTIONS)
        strict = self._pipeline.converter.is_strict(how.strict)
        return WindowedList(
            fetch=fetch,
            reading=reading_of(None if strict else number, note),
            listing=listing_id(DISTRIBUTIONS.name, number, fetch_type),
            names="DistributionQuery.from_inv_date and .to_inv_date",
            note=note,
            strict=strict,
        ).over(from_date, to_date, cursor)

    def distributions_v2(
        self,
        *,
        invoice_number: int | str | None = None,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        fetch_type: str | None = None,
        page: int = 1,
        page_size: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> Pager[DistributionPage, DistributionRecord]:
        """Return what became of invoices, page by page (GET, version 2; contract §5, provisional throughout).

        Awaited, it is one page; iterated, it is record after record, page after page. The last page is the
        one that completes the total count, holds fewer records than a page has, or is empty.

        Args:
            invoice_number: Only this invoice.
            from_date: First invoice date, included.
            to_date: Last invoice date, included.
            fetch_type: Passed on as given; its values are not documented.
            page: The first page to ask for, from 1 to 1,000,000,000.
            page_size: Records per page, from 1 to 1,000,000; the service's own choice when not given.
            cursor: The ``cursor`` of a page, after which to go on.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the last date is before the first, only the last one is given, or the cursor
                is not of this listing.
            ConfigurationError: a number is out of its bounds; or two pages are the same: the name of the
                parameter is not the service's (when iterated).
            CallError: a call failed (when awaited or iterated).
        """
        how = CallOptions(**options)
        bounds.PAGE.check("page", page)
        if page_size is not None:
            bounds.PAGE_SIZE.check("page_size", page_size)
        number = _as_text(invoice_number)
        period(from_date, to_date)

        async def fetch(page: int, days: Window | None = None) -> DistributionPage:
            query = DistributionPageQuery(
                invoice_number=number,
                from_inv_date=days.first if days else from_date,
                to_inv_date=days.last if days else to_date,
                fetch_type=fetch_type,
                page=page,
                page_size=page_size,
            )
            return await self._pipeline.call(DISTRIBUTIONS_V2, query=query, options=how)

        note = self._pipeline.noting(DISTRIBUTIONS_V2)
        strict = self._pipeline.converter.is_strict(how.strict)
        return PagedList(
            fetch=fetch,
            records=lambda answer: of_number(answer.data, None if strict else number, note),
            is_last=is_last,
            listing=listing_id(DISTRIBUTIONS_V2.name, number, from_date, to_date, fetch_type, page_size),
            period=Period(
                is_outside=lambda record: is_outside(record, from_date, to_date),
                asked_for_nothing=lambda: fetch(1, NO_DAYS),
                note=note,
            ),
        ).beginning(page, cursor)


def prepared_actions(
    actions: Sequence[TypedAction | Action | Mapping[str, Any]], converter: Converter, checks: Checks
) -> Prepared[InvoiceActions]:
    """Check a request for actions, and write it as JSON; see ``Invoices.create_actions``.

    Raises:
        RequestInvalidError: an action breaks a rule.
    """
    written = [
        action.as_action() if isinstance(action, TypedAction) else as_schema(action, Action, converter)
        for action in actions
    ]
    request = InvoiceActions(actions=written)
    keys = any(isinstance(action, Mapping) for action in actions)
    body = encode(request, "the request for actions", converter, checks, keys=keys)
    subject = "; ".join(_in_words(action) for action in written[:3]) + ("; ..." if len(written) > 3 else "")
    return Prepared(request, body, subject)


def _as_text(number: int | str | None) -> str | None:
    return None if number is None else str(number)


def _look_for(header: InvoiceHeader) -> FindOut:
    """Return the call that shows whether an invoice arrived."""
    number, day = header.number, header.date
    return FindOut("invoices.distributions", {"invoice_number": number, "from_date": day, "to_date": day})


def _look_at(actions: Sequence[Action]) -> FindOut | None:
    """Return the call that shows what the first of some actions is about."""
    for action in actions:
        data = action.data
        for name, number in (("case_id", data.case_id), ("invoice_number", data.invoice_number)):
            if number is not None:
                return FindOut("invoices.case", {name: number})
    return None


def _in_words(action: Action) -> str:
    data = action.data
    about = f"case {data.case_id}" if data.invoice_number is None else f"invoice {data.invoice_number}"
    return f"{action.code} of {about}"
