"""Reading distribution information: filters, window, order and counts."""

from typing import Any

import pytest


async def _create(partner: Any, make_invoice: Any, *days: str) -> None:
    for number, day in enumerate(days, start=1):
        await partner.post(make_invoice(number, invoice__header__date=day))


def _numbers(records: list[dict[str, Any]]) -> list[str]:
    return [record["invoiceNumber"] for record in records]


async def test_an_empty_sandbox_lists_nothing(partner):
    reply = await partner.listing()
    assert reply.status == 200
    assert reply.body.get("data", []) == []
    assert reply.body["metaData"]["totalCount"] == 0


async def test_numbers_are_text_and_records_come_in_order_of_arrival(partner, make_invoice):
    for number in (30, 10, 20):
        await partner.post(make_invoice(number))
    assert _numbers(await partner.records()) == ["30", "10", "20"]


async def test_order_of_arrival_holds_over_dates_too(partner, make_invoice):
    await _create(partner, make_invoice, "2026-03-02", "2026-02-20", "2026-03-01")
    assert _numbers(await partner.records()) == ["1", "2", "3"]


async def test_a_number_finds_its_records_only(partner, make_invoice):
    await _create(partner, make_invoice, "2026-03-01", "2026-03-01")
    assert _numbers(await partner.records(invoiceNumber="2")) == ["2"]
    assert await partner.records(invoiceNumber="3") == []


async def test_one_number_may_be_of_several_sellers(partner, make_invoice):
    await partner.post(make_invoice(1))
    await partner.post(make_invoice(1, invoice__parties__sellerParty__businessId="1111111-1"))
    assert _numbers(await partner.records(invoiceNumber="1")) == ["1", "1"]


async def test_without_dates_the_window_is_the_last_30_days(partner, make_invoice):
    await _create(partner, make_invoice, "2026-01-30", "2026-01-31", "2026-03-02", "2026-03-03")
    reply = await partner.listing()
    assert _numbers(reply.body["data"]) == ["2", "3"]
    assert reply.body["metaData"]["filtersApplied"] == {
        "fromInvDate": "2026-01-31",
        "toInvDate": "2026-03-02",
        "defaultLast30Days": True,
    }


async def test_the_default_window_holds_for_a_number_too(partner, make_invoice):
    await _create(partner, make_invoice, "2026-01-30")
    assert await partner.records(invoiceNumber="1") == []
    assert _numbers(await partner.records(invoiceNumber="1", fromInvDate="2026-01-01")) == ["1"]


async def test_the_default_window_moves_with_the_virtual_clock(partner, sandbox, make_invoice):
    await _create(partner, make_invoice, "2026-03-01")
    sandbox.clock.advance(days=30)
    assert await partner.records() == []


async def test_both_ends_of_a_window_are_included(partner, make_invoice):
    await _create(partner, make_invoice, "2025-05-01", "2025-05-02", "2025-05-03", "2025-05-04")
    records = await partner.records(fromInvDate="2025-05-02", toInvDate="2025-05-03")
    assert _numbers(records) == ["2", "3"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [({"fromInvDate": "2025-05-02"}, ["2", "3"]), ({"toInvDate": "2025-05-02"}, ["1", "2"])],
)
async def test_one_date_leaves_the_other_end_open(partner, make_invoice, query, numbers):
    await _create(partner, make_invoice, "2025-05-01", "2025-05-02", "2027-05-03")
    assert _numbers(await partner.records(**query)) == numbers


async def test_filters_are_echoed(partner):
    query = {
        "invoiceNumber": "7",
        "fromInvDate": "2026-01-01",
        "toInvDate": "2026-02-01",
        "fetchType": "ANYTHING",
    }
    reply = await partner.listing(**query)
    assert reply.body["metaData"]["filtersApplied"] == {**query, "defaultLast30Days": False}


async def test_an_unknown_fetch_type_changes_nothing(partner, make_invoice):
    await _create(partner, make_invoice, "2026-03-01")
    assert await partner.records(fetchType="ANYTHING") == await partner.records()


async def test_an_empty_parameter_stands_for_none(partner, make_invoice):
    await _create(partner, make_invoice, "2026-03-01")
    assert _numbers(await partner.records(invoiceNumber="", fromInvDate="", toInvDate="")) == ["1"]


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "20260301", "2026-03-01T00:00:00Z"])
async def test_a_bad_date_gets_400_and_is_not_echoed(partner, text):
    reply = await partner.listing(fromInvDate=text)
    assert reply.status == 400
    assert [error["field"] for error in reply.body["errors"]] == ["$.fromInvDate"]
    assert text not in str(reply.body)


async def test_counts_tell_delivered_and_failed_apart(partner, sandbox, make_invoice):
    await partner.post(make_invoice(1))
    await partner.post(make_invoice(1))
    await partner.post(make_invoice(2, invoice__header__dueDate="2026-01-01"))
    await partner.post(make_invoice(3, distribution__enabled=False))
    sandbox.clock.advance(days=1)
    counts = (await partner.listing()).body["metaData"]
    assert (counts["totalCount"], counts["successfulCount"], counts["failedCount"]) == (4, 1, 2)


async def test_clients_never_see_each_others_invoices(partner, sandbox, partner_of, make_invoice):
    other = partner_of(sandbox, sandbox.add_client("other"))
    await partner.post(make_invoice(1))
    assert (await other.post(make_invoice(1))).body["status"] == "PAUSED"
    assert (await other.post(make_invoice(2))).body["status"] == "PAUSED"
    assert _numbers(await partner.records()) == ["1"]
    assert _numbers(await other.records()) == ["1", "2"]
    assert await partner.records(invoiceNumber="2") == []


async def test_each_client_lives_through_its_own_service(partner, sandbox, partner_of, make_invoice):
    other = partner_of(sandbox, sandbox.add_client("other", service="INTERMEDIATION"))
    await partner.post(make_invoice(1))
    await other.post(make_invoice(1))
    sandbox.clock.advance(days=1)
    assert (await partner.record(1))["status"] == "INVOICED"
    assert (await other.record(1))["status"] == "INTERMEDIATED"
