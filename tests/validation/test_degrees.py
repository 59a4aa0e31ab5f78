"""Rules that refuse, rules that warn, and rules that are let pass by name."""

from __future__ import annotations

import datetime
import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from confirma_async import Confirma, Sandbox, to_dict, to_json
from confirma_async.cli.app import run
from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_async.validation import RULES, Checks, Degree

ODD: dict[str, Any] = {
    "invoice-type": {"header": {"type": "BANANA"}},
    "amount-sign": {"amounts": {"grossAmount": 0}},
    "amount-absurd": {"amounts": {"grossAmount": 100_000_000}},
    "amount-missing": {"amounts": None, "rows": []},
    "buyer": {"parties": {"sellerParty": {"name": "Seller Oy"}}},
    "due-date": {"header": {"dueDate": "2026-10-01"}},
    "business-id": {"seller": {"businessId": "0737546-3"}},
    "vat-code": {"seller": {"vatCode": "FI07375463"}},
    "unknown-key": {"invocie": 1},
}

VENDORS = {
    "invoice": {
        "header": {
            "number": 1042,
            "type": None,
            "date": "2026-11-01",
            "dueDate": "2026-11-15",
            "currencyCode": "EUR",
        },
        "references": {"payment": "2516000017"},
        "parties": {
            "sellerParty": {
                "vatCode": "FI1234567",
                "address": {"postalCode": "00100 (Helsinki)", "countryCode": "FI"},
                "paymentDetails": {"iban": "FI12345678912345678"},
            },
            "buyerParty": {"name": "Buyer Oy"},
        },
        "amounts": {"grossAmount": 12.5},
    }
}
"""The values of the vendor's own examples."""


@pytest.fixture
async def confirma():
    async with Sandbox() as sandbox, Confirma(sandbox.api_key, base_url=sandbox.url) as client:
        yield client


def test_only_what_is_ours_warns():
    warnings = {rule.id for rule in RULES if rule.degree is Degree.WARN}
    assert all(rule.source == "ours" for rule in RULES if rule.id in warnings)
    assert {"iban", "payment-reference", "row-sums"} & warnings == set()


@pytest.mark.parametrize("rule", ODD)
async def test_what_is_odd_is_told_and_sent(rule, confirma, wire_invoice, caplog):
    with caplog.at_level(logging.WARNING, "confirma_async"):
        await confirma.invoices.create(wire_invoice(1, **ODD[rule]))
    assert [record.rule for record in caplog.records if hasattr(record, "rule")] == [rule]


@pytest.mark.parametrize("rule", ODD)
async def test_strictly_it_is_refused_unless_it_is_allowed(rule, confirma, wire_invoice):
    with pytest.raises(RequestInvalidError, match=rf"\[{rule}\]"):
        await confirma.invoices.create(wire_invoice(1, **ODD[rule]), validate="strict")
    await confirma.invoices.create(wire_invoice(1, **ODD[rule]), validate="strict", allow=[rule])


async def test_a_slip_of_the_pen_is_told_with_what_may_be_meant(confirma, wire_invoice):
    with pytest.raises(RequestInvalidError, match="did you mean netAmount") as caught:
        await confirma.invoices.create(wire_invoice(1, amounts={"netAmout": 1}), validate="strict")
    assert "$.invoice.amounts.netAmout" in [problem.path for problem in caught.value.problems]
    with pytest.raises(RequestInvalidError, match="did you mean INVOICE"):
        await confirma.invoices.create(wire_invoice(1, header={"type": "INVOCIE"}), validate="strict")


async def test_the_vendors_own_example_is_sent_by_naming_the_rules_it_breaks(confirma):
    with pytest.raises(RequestInvalidError) as caught:
        await confirma.invoices.create(VENDORS)
    rules = sorted({problem.rule for problem in caught.value.problems})
    assert rules == ["iban", "payment-reference", "postal-code"]
    await confirma.invoices.create(VENDORS, allow=rules)


@pytest.mark.parametrize(
    ("allow", "said"),
    [(["ibna"], "did you mean iban"), (["type"], "cannot be allowed"), ("iban", "takes a list")],
)
def test_what_cannot_be_allowed_is_told(allow, said):
    with pytest.raises(ConfigurationError, match=said):
        Checks(True, allow)


async def test_a_job_tells_warnings_and_what_was_allowed(confirma, tmp_path, wire_invoice):
    wrong = wire_invoice(2, references={"payment": "RF99123"})
    report = await confirma.bulk.submit(
        [wire_invoice(1, **ODD["due-date"]), wrong],
        journal=tmp_path / "j",
        allow=["payment-reference"],
    )
    assert (report.accepted, report.refused) == (2, 0)
    assert report.warned == {"due-date": 1, "payment-reference": 1}
    assert report.allowed == ("payment-reference",)
    from confirma_async.bulk.sqlite.reader import reading_if_there

    with reading_if_there(tmp_path / "j") as journal:
        assert journal is not None
        assert next(iter(journal.runs.all())).allowed == ("payment-reference",)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("rule", [*ODD, "iban"])
def test_validate_and_submit_agree(rule, strict, tmp_path, wire_invoice, capsys, quiet_logger):
    broken = ODD.get(rule) or {"seller": {"paymentDetails": {"iban": "FI12345678912345678"}}}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(wire_invoice(1, **broken), default=float))
    options = ["--strict"] if strict else []
    for more in ([], ["--allow", rule]):
        checked = run(["validate", str(file), *options, *more])
        sent = run(
            ["submit", str(file), "--sandbox", "--journal", str(tmp_path / f"{len(more)}.j"), *options, *more]
        )
        message = capsys.readouterr()
        assert checked == sent == int(not more and (strict or rule == "iban"))
        if rule != "unknown-key" or strict:
            assert (f"[{rule}]" in message.out) or strict


def test_a_mapping_may_hold_what_programs_have():
    from confirma_async.converters import Converter
    from confirma_async.resources.arguments import as_schema
    from confirma_async.schemas import SalesInvoiceRequest

    class Lazy(str):
        __slots__ = ()

    header = {
        "number": 1042,
        "date": datetime.datetime(2026, 11, 1, 12),  # noqa: DTZ001 (as databases have them)
        "dueDate": datetime.date(2026, 11, 15),
        "currencyCode": Lazy("EUR"),
    }
    amounts = {"netAmount": Decimal("12.5000"), "vatAmount": 3, "grossAmount": 84.57}
    read = as_schema({"invoice": {"header": header, "amounts": amounts}}, SalesInvoiceRequest, Converter())
    assert to_dict(read)["invoice"] == {
        "header": {
            "number": 1042,
            "type": "INVOICE",
            "date": "2026-11-01",
            "dueDate": "2026-11-15",
            "currencyCode": "EUR",
        },
        "amounts": {"netAmount": Decimal("12.50"), "vatAmount": 3, "grossAmount": Decimal("84.57")},
    }
    assert '"netAmount":12.50' in to_json(read)
    assert (
        str(read.invoice.amounts)
        == "InvoiceAmounts\n  net_amount: 12.50\n  vat_amount: 3\n  gross_amount: 84.57"
    )


@pytest.mark.parametrize("amount", [0.1 + 0.2, float("nan"), float("inf"), 1.005])
async def test_a_float_that_is_no_exact_amount_is_refused_with_the_cure(amount, confirma, wire_invoice):
    with pytest.raises(RequestInvalidError, match=r'Decimal\("0\.30"\)'):
        await confirma.invoices.create(wire_invoice(1, amounts={"grossAmount": amount}))


async def test_a_moment_that_may_be_another_day_elsewhere_is_refused(confirma, wire_invoice):
    late = datetime.datetime(2026, 11, 1, 23, tzinfo=datetime.UTC)
    with pytest.raises(RequestInvalidError, match=r"header\.date: must be a date"):
        await confirma.invoices.create(wire_invoice(1, header={"date": late}))


def test_lists_and_schemas_show_as_tables_in_notebooks_without_what_is_markup():
    from confirma_async import Page
    from confirma_async.schemas import Payment

    page = Page([Payment(case_id=7, account_name="<b>")], None)
    assert "<td>7</td><td>&lt;b&gt;</td>" in page._repr_html_()
    assert "case_id" in Payment(case_id=7)._repr_html_()
