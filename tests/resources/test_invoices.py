"""What actions, cases and both forms of distribution information look like on the wire."""

import asyncio
import datetime
from decimal import Decimal

import pytest

from confirma_async.errors import OutcomeUnknownError, Phase, RequestInvalidError, TransportError
from confirma_async.schemas import (
    Action,
    ActionData,
    Comment,
    DirectPayment,
    DueDate,
    Objection,
    Pause,
    PaymentPlan,
    Withdraw,
)

V1 = "/api/v1/partner"


@pytest.mark.parametrize(
    ("action", "written"),
    [
        (
            Comment(invoice_number=1042, comment="called"),
            {"code": "COMMENT", "comment": "called", "data": {"invoiceNumber": 1042}},
        ),
        (Withdraw(case_id=7), {"code": "WITHDRAW", "data": {"caseId": 7}}),
        (
            DueDate(case_id=7, due_date=datetime.date(2026, 12, 1)),
            {"code": "DUEDATE", "data": {"caseId": 7, "dueDate": "2026-12-01"}},
        ),
        (PaymentPlan(case_id=7), {"code": "PAYMENTPLAN", "data": {"caseId": 7}}),
        (Objection(case_id=7), {"code": "OBJECTION", "data": {"caseId": 7}}),
        (Pause(case_id=7), {"code": "PAUSE", "data": {"caseId": 7}}),
        (
            DirectPayment(
                invoice_number=1042,
                case_id=7,
                amount=Decimal("100.25"),
                currency="SEK",
                payment_date=datetime.date(2026, 11, 20),
                payment_method="Bankgiro",
                reference="1232",
                outstanding_capital_amount=Decimal("0.00"),
                outstanding_interest_amount=Decimal("1.10"),
                outstanding_costs_amount=Decimal("5.00"),
            ),
            {
                "code": "DIRECTPAYMENT",
                "data": {
                    "invoiceNumber": 1042,
                    "caseId": 7,
                    "amount": Decimal("100.25"),
                    "currency": "SEK",
                    "paymentDate": "2026-11-20",
                    "paymentMethod": "Bankgiro",
                    "reference": "1232",
                    "outstandingCapitalAmount": Decimal("0.00"),
                    "outstandingInterestAmount": Decimal("1.10"),
                    "outstandingCostsAmount": Decimal("5.00"),
                },
            },
        ),
        (
            Action(code="RESUME", data=ActionData(case_id=7)),
            {"code": "RESUME", "data": {"caseId": 7}},
        ),
        (
            {"code": "COMMENT", "data": {"caseId": 7, "mood": "good"}},
            {"code": "COMMENT", "data": {"caseId": 7, "mood": "good"}},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_action_is_written_as_the_vendor_shows_it(wire, over_wire, action, written):
    await over_wire.invoices.create_actions([action])
    assert wire.asked == [("POST", f"{V1}/invoice/action", {})]
    assert wire.sent == [{"actions": [written]}]


async def test_an_action_that_says_nothing_is_not_sent(wire, over_wire):
    with pytest.raises(RequestInvalidError, match=r"(?s)actions\[1\]\.data.*action-subject"):
        await over_wire.invoices.create_actions([Withdraw(case_id=7), Withdraw()])
    assert wire.requests == []


async def test_actions_whose_answer_is_lost_name_their_subjects(wire, over_wire):
    wire.answer(TransportError("reset", phase=Phase.NO_REPLY))
    with pytest.raises(OutcomeUnknownError, match=r"(?s)WITHDRAW of case 7; PAUSE of invoice 12.*events"):
        await over_wire.invoices.create_actions([Withdraw(case_id=7), Pause(invoice_number=12)])
    assert len(wire.requests) == 1


async def test_a_case_is_asked_for_by_itself_or_by_its_invoice(wire, over_wire):
    wire.answer({"case": {"summary": {"caseId": 7}, "balance": {"capitalAmount": 100.25}}})
    details = await over_wire.invoices.case(7)
    assert details.case.balance.capital_amount == Decimal("100.25")
    await over_wire.invoices.case(invoice_number=1042)
    assert [query for *_, query in wire.asked] == [{"caseId": "7"}, {"invoiceNumber": "1042"}]


async def test_a_case_of_nothing_is_not_asked_for(wire, over_wire):
    with pytest.raises(RequestInvalidError, match="must name the case"):
        await over_wire.invoices.case()
    assert wire.requests == []


async def test_a_case_keeps_both_kinds_of_time(wire, over_wire):
    wire.answer({"case": {"summary": {"createdAt": "2026-03-01T08:00:00.250Z", "closedAt": "2026-04-01"}}})
    summary = (await over_wire.invoices.case(7)).case.summary
    assert summary.created_at == datetime.datetime(2026, 3, 1, 8, 0, 0, 250_000, tzinfo=datetime.UTC)
    assert summary.closed_at == datetime.date(2026, 4, 1)


def page(number, *invoices, size=2, total=None):
    return {
        "meta": {"page": number, "pageSize": size, "totalCount": total},
        "data": [{"invoiceNumber": invoice} for invoice in invoices],
    }


async def test_version_2_goes_page_by_page(wire, over_wire):
    wire.answer(page(1, "1", "2"), page(2, "3"))
    listing = over_wire.invoices.distributions_v2(page_size=2, from_date=datetime.date(2026, 1, 1))
    assert [record.invoice_number async for record in listing] == ["1", "2", "3"]
    assert [query for *_, query in wire.asked] == [
        {"fromInvDate": "2026-01-01", "page": "1", "pageSize": "2"},
        {"fromInvDate": "2026-01-01", "page": "2", "pageSize": "2"},
    ]


async def test_version_2_asks_for_no_page_beyond_the_count(wire, over_wire):
    wire.answer(page(1, "1", "2", total=2))
    assert [len(part) async for part in over_wire.invoices.distributions_v2().pages()] == [2]


async def test_version_2_without_meta_ends_at_an_empty_page(wire, over_wire):
    wire.answer({"data": [{"invoiceNumber": "1"}]}, {"data": [{"invoiceNumber": "2"}]}, {"data": []})
    listing = over_wire.invoices.distributions_v2()
    assert [record.invoice_number async for record in listing] == ["1", "2"]


async def test_a_cursor_of_other_filters_is_refused(wire, over_wire):
    wire.answer(page(1, "1", "2"))
    first = await anext(over_wire.invoices.distributions_v2(invoice_number=5).pages())
    with pytest.raises(RequestInvalidError, match="other filters"):
        over_wire.invoices.distributions_v2(invoice_number=6, cursor=first.cursor)


async def test_records_of_one_number_without_a_date_are_all_told(wire, over_wire):
    wire.answer({"data": [{"invoiceNumber": "1042"}]}, {"data": [{"invoiceNumber": "1042", "caseId": 7}]})
    period = {"from_date": datetime.date(2026, 1, 1), "to_date": datetime.date(2026, 2, 15)}
    records = [record async for record in over_wire.invoices.distributions(**period)]
    assert len(records) == len(wire.requests) == 2


LOST = TransportError("reset", phase=Phase.NO_REPLY)


async def test_an_invoice_whose_answer_is_lost_is_told_with_the_call_that_finds_it(
    wire, over_wire, wire_invoice
):
    wire.answer(LOST)
    with pytest.raises(OutcomeUnknownError) as caught:
        await over_wire.invoices.create(wire_invoice(1042))
    day = "datetime.date(2026, 11, 1)"
    look = f"invoices.distributions(invoice_number=1042, from_date={day}, to_date={day})"
    assert str(caught.value).endswith(f"\nTo find out: {look}")
    assert str(caught.value.find_out) == look


@pytest.mark.parametrize(
    ("actions", "look"),
    [
        ([Pause(invoice_number=1042, case_id=7)], "invoices.case(case_id=7)"),
        ([Pause(invoice_number=1042)], "invoices.case(invoice_number=1042)"),
        ([Pause(), Pause(case_id=7), Pause(case_id=8)], "invoices.case(case_id=7)"),
        ([Pause()], "None"),
    ],
)
async def test_actions_whose_answer_is_lost_are_told_with_the_call_that_shows_the_case(
    wire, over_wire, actions, look
):
    wire.answer(LOST)
    with pytest.raises(OutcomeUnknownError) as caught:
        await over_wire.invoices.create_actions(actions, validate=False)
    assert str(caught.value.find_out) == look


async def test_what_a_caller_changes_after_the_beginning_of_a_call_is_not_sent(over_wire, wire):
    """However many calls are under way: a producer may use one object for all of its invoices."""

    async def later(request):
        await asyncio.sleep(0.01)
        return await send(request)

    send, wire.send = wire.send, later
    header = {"type": "INVOICE", "date": "2026-11-01", "dueDate": "2026-12-01", "currencyCode": "EUR"}
    invoice, calls = {"invoice": {"header": header}}, []
    for number in range(1, 13):
        header["number"] = str(number)
        calls.append(asyncio.create_task(over_wire.invoices.create(invoice, validate=False)))
        await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert sorted(int(sent["invoice"]["header"]["number"]) for sent in wire.sent) == [*range(1, 13)]
