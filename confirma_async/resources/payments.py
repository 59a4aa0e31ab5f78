"""Payments as they are allocated, and the settlements that pay them out."""

from __future__ import annotations

import datetime
from typing import Unpack

from attrs import evolve

from confirma_async.contract import PAYMENTS, SETTLEMENTS
from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.pagination import Pager, RecordSpec, Window, WindowedList
from confirma_async.pagination.cursors import listing_id
from confirma_async.resources.answers import reported
from confirma_async.schemas import (
    Moment,
    Payment,
    PaymentsQuery,
    Settlement,
    Settlements,
    SettlementsQuery,
)
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline

_SETTLEMENTS_OF_A_PERIOD = evolve(SETTLEMENTS, repeatable=True)
"""Without ``unfetched_only`` the answer depends on the period alone, so that it can be asked for again."""

_PAYMENTS = RecordSpec[tuple[Payment, ...], Payment](
    records=lambda answer: answer,
    identity=lambda payment: (
        (payment.booking_date or payment.payment_date)
        and (
            payment.case_id,
            payment.invoice_number,
            payment.invoice_payment_reference,
            payment.original_payment_reference,
            payment.booking_date,
            payment.payment_date,
            payment.amount,
        )
    ),
    day=lambda payment: max(_days(payment), default=None),
    earliest=lambda payment: min(_days(payment), default=None),
    with_records=lambda _, records: tuple(records),
)
"""The vendor gives a payment no identifier: all that it says tells it apart from those of other windows.

Without a date it might be another payment of the same amount: it is returned again, unless all come again."""

_SETTLEMENTS = RecordSpec[Settlements, Settlement](
    records=lambda answer: answer.settlements,
    identity=lambda settlement: settlement.settlement_id,
    day=lambda settlement: settlement.settlement_date and _day(settlement.settlement_date),
    has_id=True,
    with_records=lambda answer, records: evolve(answer, settlements=tuple(records)),
)


@takes_options
class Payments:
    """``confirma.payments``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def list(
        self,
        *,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> Pager[tuple[Payment, ...], Payment]:
        """Return payments as they are allocated so far (GET ``/payments``; contract §6, documented).

        They may still change until they are settled; settlements are the final truth (documented). Awaited,
        it is the answer of one call; iterated, it is payment after payment, window after window.

        Args:
            from_date: First day of the period, included. Without dates, the service's own period.
            to_date: Last day of the period, included; today when only ``from_date`` is given.
            cursor: The ``cursor`` of a page, after which to go on; it takes the place of the dates.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the last date is before the first, only the last one is given, or the cursor
                is not of this listing.
            ConfigurationError: the service ignores the dates, or cuts its answers (when awaited or iterated).
            CallError: a call failed (when awaited or iterated).
        """
        how = CallOptions(**options)

        async def fetch(window: Window | None) -> tuple[Payment, ...]:
            query = PaymentsQuery(
                from_date=window.first if window else None, to_date=window.last if window else None
            )
            answer = await self._pipeline.call(PAYMENTS, query=query, options=how)
            return reported(PAYMENTS, answer)

        return WindowedList(
            fetch=fetch,
            reading=_PAYMENTS,
            listing=listing_id(PAYMENTS.name),
            names="PaymentsQuery.from_date and .to_date",
            note=self._pipeline.noting(PAYMENTS),
            strict=self._pipeline.converter.is_strict(how.strict),
        ).over(from_date, to_date, cursor)

    def settlements(
        self,
        *,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        unfetched_only: bool = False,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> Pager[Settlements, Settlement]:
        """Return what was paid out, with its allocations (GET ``/settlements``; contract §6, documented).

        Awaited, it is the answer of one call; iterated, it is settlement after settlement, window after
        window. Sums that do not hold are logged, see the rules ``settlement-sum`` and ``allocation-sum``.

        Read by period. ``unfetched_only`` marks what it returns as fetched, so an answer that is lost on the
        way is lost for that filter: it is one call, never repeated, and an ``OutcomeUnknownError`` when no
        answer came. A loss-free retrieval reads by date, with an overlap, and tells settlements apart by
        ``settlement_id`` and ``allocation_id``.

        Args:
            from_date: First day of the period. Its name on the wire is provisional.
            to_date: Last day; today when only ``from_date`` is given. Its name on the wire is provisional.
            unfetched_only: Only what was not retrieved before. Unsafe to repeat; takes no period here.
            cursor: The ``cursor`` of a page, after which to go on; it takes the place of the dates.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the last date is before the first, only the last one is given,
                ``unfetched_only`` comes with a period, or the cursor is not of this listing.
            ConfigurationError: the service ignores the dates, or cuts its answers (when awaited or iterated).
            OutcomeUnknownError: with ``unfetched_only``: no answer came, and what it held counts as fetched.
            CallError: a call failed (when awaited or iterated).
        """
        if unfetched_only and (from_date or to_date or cursor):
            message = "must stand alone: a period would be split, and each part marks what it returns"
            raise RequestInvalidError("the query", [Problem("unfetched_only", "unfetched-only", message)])
        operation = SETTLEMENTS if unfetched_only else _SETTLEMENTS_OF_A_PERIOD
        how = CallOptions(**options, subject="the settlements not yet fetched")

        async def fetch(window: Window | None) -> Settlements:
            query = SettlementsQuery(
                unfetched_only=True if unfetched_only else None,
                from_date=window.first if window else None,
                to_date=window.last if window else None,
            )
            answer = await self._pipeline.call(operation, query=query, options=how)
            return reported(operation, answer)

        return WindowedList(
            fetch=fetch,
            reading=_SETTLEMENTS,
            listing=listing_id(SETTLEMENTS.name),
            names="SettlementsQuery.from_date and .to_date",
            note=self._pipeline.noting(SETTLEMENTS),
            strict=self._pipeline.converter.is_strict(how.strict),
        ).over(from_date, to_date, cursor)


def _days(payment: Payment) -> list[datetime.date]:
    return [_day(moment) for moment in (payment.booking_date, payment.payment_date) if moment]


def _day(moment: Moment) -> datetime.date:
    return moment.date() if isinstance(moment, datetime.datetime) else moment
