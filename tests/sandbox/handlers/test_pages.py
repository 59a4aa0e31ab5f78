"""Distribution information by pages."""

import pytest

V2 = "/api/v2/partner/invoice/distribution"


@pytest.fixture
async def five(partner, make_invoice):
    for number in range(1, 6):
        await partner.post(make_invoice(number))
    return partner


async def test_pages_in_order_hold_every_record_once(five):
    pages = [
        (await five.call("GET", V2, query={"page": str(page), "pageSize": "2"})).body for page in (1, 2, 3, 4)
    ]
    assert [[it["invoiceNumber"] for it in page["data"]] for page in pages] == [
        ["1", "2"],
        ["3", "4"],
        ["5"],
        [],
    ]
    assert pages[1]["metaData"] == {"page": 2, "pageSize": 2, "totalCount": 5}


async def test_a_page_has_100_records_unless_said_otherwise(five):
    reply = await five.call("GET", V2)
    assert reply.body["metaData"] == {"page": 1, "pageSize": 100, "totalCount": 5}


async def test_records_are_those_of_the_first_version(five):
    assert (await five.call("GET", V2)).body["data"] == await five.records()


async def test_filters_hold_for_pages(five):
    query = {"invoiceNumber": "3", "fromInvDate": "2026-03-01", "toInvDate": "2026-03-01"}
    assert (await five.call("GET", V2, query=query)).body["metaData"]["totalCount"] == 1


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "x"},
        {"page": "-1"},
        {"page": "9" * 18},
        {"pageSize": "0"},
        {"pageSize": "1001"},
    ],
)
async def test_there_is_no_such_page(five, query):
    assert (await five.call("GET", V2, query=query)).status == 400
