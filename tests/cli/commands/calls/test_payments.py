"""``confirma payments`` and ``confirma settlements``."""

import csv
import io

import pytest

SETTLEMENT = {
    "settlementId": 202611240001,
    "settlementDate": "2026-11-24",
    "agency": "CashIn",
    "remittanceReference": None,
    "beneficiary": {"name": "Seller Oy", "iban": "FI2112345600000785", "bic": ""},
    "settlementAmount": 170.55,
    "currency": "EUR",
    "apiFetchDate": None,
    "allocations": [
        {
            "allocationId": 1,
            "allocatedTotalAmount": 150.55,
            "allocationDate": "2026-11-20",
            "currency": "EUR",
            "caseId": 7,
            "originalInvoiceNumber": "1042",
            "originalPaymentReference": "13",
            "breakdown": [
                {"type": "CAPITAL", "amount": 125.50},
                {"type": "INTEREST", "amount": 5.05},
                {"type": "STAMP_DUTY", "amount": 20.00},
            ],
        },
        {
            "allocationId": 2,
            "allocatedTotalAmount": 20.00,
            "currency": "EUR",
            "originalInvoiceNumber": "1043",
            "events": [{"type": "FEES", "amount": 20.00}],
        },
    ],
}


@pytest.fixture
def settled(answering):
    answering.answer("/settlements", {"createdAt": "2026-11-24T08:00:00.000Z", "settlements": [SETTLEMENT]})
    return answering


@pytest.fixture
def paid(answering):
    record = {
        "caseId": 7,
        "invoiceNumber": "1042",
        "invoicePaymentReference": "13",
        "originalPaymentReference": "13",
        "accountName": "=1+1",
        "bookingDate": "2026-11-20T00:00:00.000Z",
        "paymentDate": "2026-11-19T00:00:00.000Z",
        "amount": 1234.5,
        "currency": "EUR",
        "newKey": 1,
    }
    answering.answer("/payments", [record])
    return answering


def rows(out):
    return list(csv.DictReader(io.StringIO(out)))


def test_payments_are_shown_and_summed_up(confirma, paid):
    code, out, _ = confirma("payments", "--from", "2026-11-01", "--to", "2026-11-30")
    assert code == 0
    assert "1,234.50" in out
    assert "Payments: 1, 1,234.50 EUR" in out
    assert paid.asked[0][1] == {"fromDate": ["2026-11-01"], "toDate": ["2026-11-30"]}


def test_payments_for_machines_are_whole(confirma_json, paid):
    code, (payment,) = confirma_json("payments")
    assert (code, payment["amount"], payment["newKey"]) == (0, 1234.5, 1)


def test_payments_for_spreadsheets_run_nothing(confirma, paid):
    _, out, _ = confirma("payments", "--csv")
    (payment,) = rows(out)
    assert (payment["amount"], payment["account_name"]) == ("1234.50", "'=1+1")
    assert payment["original_payment_reference"] == "13"


def test_a_settlement_is_a_line_for_each_allocation(confirma, settled):
    code, out, _ = confirma("settlements", "--from", "2026-11-01", "--to", "2026-11-30", "--csv")
    assert code == 0
    first, second = rows(out)
    assert (first["settlement_id"], first["beneficiary_iban"]) == ("202611240001", "FI2112345600000785")
    assert [first[f"{kind}_amount"] for kind in ("capital", "interest", "fees", "other", "allocated")] == [
        "125.50",
        "5.05",
        "",
        "20.00",
        "150.55",
    ]
    assert (second["fees_amount"], second["other_amount"], second["settlement_amount"]) == (
        "20.00",
        "",
        "170.55",
    )


def test_settlements_are_summed_up_for_people(confirma, settled):
    _, out, _ = confirma("settlements")
    assert "Allocations: 2, 170.55 EUR" in out


def test_settlements_for_machines_are_as_the_service_told_them(confirma_json, settled):
    _, (settlement,) = confirma_json("settlements")
    assert settlement["allocations"][0]["breakdown"][2] == {"type": "STAMP_DUTY", "amount": 20.00}


def test_a_settlement_without_allocations_is_not_lost(confirma, answering):
    answering.answer("/settlements", {"settlements": [{**SETTLEMENT, "allocations": []}]})
    _, out, _ = confirma("settlements", "--csv")
    assert [row["settlement_amount"] for row in rows(out)] == ["170.55"]


def test_what_marks_its_answer_must_be_meant(confirma, settled, monkeypatch):
    code, _, err = confirma("settlements", "--unfetched-only")
    assert code == 2
    assert "marks what it returns as fetched" in err
    assert "add --yes" in err
    assert not settled.asked


def test_meant_it_is_done_once(confirma_json, settled):
    code, found = confirma_json("settlements", "--unfetched-only", "--yes")
    assert (code, len(found)) == (0, 1)
    assert [query for _, query, _ in settled.asked] == [{"unfetchedOnly": ["true"]}]


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_a_person_is_asked(confirma, settled, monkeypatch, answer, code):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    found, _, err = confirma("settlements", "--unfetched-only")
    assert found == code
    assert "Is it meant?" in err
    assert len(settled.asked) == (answer == "y")


def test_unfetched_only_takes_no_period(confirma, settled):
    code, _, err = confirma("settlements", "--unfetched-only", "--yes", "--from", "2026-11-01")
    assert code == 2
    assert "'--unfetched-only': must stand alone" in err
    assert not settled.asked


def test_what_differs_from_the_contract_is_told_beside_the_records(answering, confirma):
    answering.answer("/payments", [{"caseId": 7, "bookingDate": "soon"}, {"caseId": 8}])
    code, out, err = confirma("payments", "--csv")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert "payments.list: $[].bookingDate: expected an ISO 8601 date" in err
    assert "soon" not in err


def test_a_record_that_cannot_be_read_is_told_after_the_others(answering, confirma):
    answering.answer("/payments", [{"caseId": 7}, {"caseId": "eight"}])
    code, out, err = confirma("payments", "--csv")
    assert code == 1
    assert len(out.splitlines()) == 2
    assert "$[1].caseId: must be a whole number" in err
