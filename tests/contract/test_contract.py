from __future__ import annotations

from typing import Any

import attrs
import pytest

from confirma_async.contract import OPERATIONS, Overrides, TokenKind, schema_classes
from confirma_async.contract.value_forms import FORMS
from confirma_async.converters.value_types import CODECS
from confirma_async.errors import ConfigurationError
from confirma_async.schemas import Evidence
from confirma_async.schemas.wire import EVIDENCE

V1 = "/api/v1/partner"

TABLE = [
    ("onboarding.create_client", "POST", f"{V1}/client", "D"),
    ("onboarding.validate_token", "GET", f"{V1}/validate", "D"),
    ("onboarding.renew_token", "GET", f"{V1}/renew", "D"),
    ("invoices.create", "POST", f"{V1}/invoice", "D"),
    ("invoices.create_actions", "POST", f"{V1}/invoice/action", "D"),
    ("invoices.case", "GET", f"{V1}/invoice/case", "D"),
    ("invoices.distributions", "GET", f"{V1}/invoice/distribution", "D"),
    ("invoices.distributions_v2", "GET", "/api/v2/partner/invoice/distribution", "P"),
    ("payments.list", "GET", f"{V1}/payments", "D"),
    ("payments.settlements", "GET", f"{V1}/settlements", "D"),
    ("accounting.invoice_statuses", "GET", f"{V1}/accounting/invoice", "P"),
    ("accounting.submit_ledger", "POST", f"{V1}/accounting/ledger", "D"),
    ("accounting.ledger_statuses", "GET", f"{V1}/accounting/ledger", "D"),
    ("accounting.submit_payments", "POST", f"{V1}/accounting/payment", "D"),
    ("accounting.payment_statuses", "GET", f"{V1}/accounting/payment", "D"),
    ("operations.finvoice_credentials", "GET", f"{V1}/finvoice/credentials", "P"),
]
"""Section 2 of the wire contract."""


def test_the_operations_are_those_of_the_contract():
    assert [(o.name, o.method, o.path, o.evidence.value) for o in OPERATIONS.values()] == TABLE


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        OPERATIONS["x"] = OPERATIONS["invoices.create"]  # type: ignore[index]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_whatever_posts_is_never_repeated_blindly(operation):
    if operation.method == "POST":
        assert not operation.repeatable


def test_the_gets_that_change_something_are_unsafe():
    unsafe = {o.name for o in OPERATIONS.values() if not o.repeatable and o.method == "GET"}
    assert unsafe == {"onboarding.renew_token", "payments.settlements"}


def test_only_onboarding_a_client_takes_the_provisioning_token():
    provisioning = [o.name for o in OPERATIONS.values() if o.token is TokenKind.PROVISIONING]
    assert provisioning == ["onboarding.create_client"]


def test_answers_that_the_vendor_does_not_show_are_marked():
    assert {o.name for o in OPERATIONS.values() if not o.answer_shown} == {
        "invoices.create",
        "invoices.create_actions",
        "accounting.submit_ledger",
        "accounting.submit_payments",
    }


# --- overrides --------------------------------------------------------------------------------------


def test_a_provisional_path_may_be_corrected():
    overrides = Overrides(paths={"invoices.distributions_v2": "/x"})
    assert overrides.path_of(OPERATIONS["invoices.distributions_v2"]) == "/x"
    assert overrides.path_of(OPERATIONS["invoices.create"]) == f"{V1}/invoice"


def test_a_provisional_name_may_be_corrected():
    assert Overrides(names={"InvoiceRowData.unit_price": "priceUnit"}).names == {
        "InvoiceRowData.unit_price": "priceUnit"
    }


def test_two_names_may_be_exchanged():
    Overrides(names={"InvoiceRowData.unit": "unitPrice", "InvoiceRowData.unit_price": "unit"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"paths": {"invoices.destroy": "/x"}}, "invoices.destroy"),
        ({"paths": {"invoices.distributions_v2": "x"}}, "must start with /"),
        ({"paths": {"invoices.distributions_v2": ""}}, "must start with /"),
        ({"paths": {"invoices.distributions_v2": "/a/../b"}}, "must start with /"),
        ({"paths": {"invoices.create": "/x"}}, "documented"),
        ({"names": {"InvoiceRowData.price": "x"}}, "InvoiceRowData.price"),
        ({"names": {"Invoice.number": "x"}}, "Invoice.number"),
        ({"names": {"InvoiceRowData": "x"}}, "InvoiceRowData"),
        ({"names": {"InvoiceRowData.extra": "x"}}, "InvoiceRowData.extra"),
        ({"names": {"InvoiceRowData.unit_price": ""}}, "must not be empty"),
        ({"names": {"InvoiceRowData.unit_price": "unit"}}, "two attributes"),
        ({"names": {"InvoiceHeader.number": "x"}}, "example"),
        ({"names": {"Interest.percentage": "x"}}, "documented"),
    ],
)
def test_a_correction_that_cannot_be_right_is_refused(arguments, said):
    with pytest.raises(ConfigurationError, match=said):
        Overrides(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"paths": {"invoices.create": "/x"}},
        {"names": {"InvoiceHeader.number": "x"}},
        {"names": {"Interest.percentage": "x"}},
    ],
)
def test_what_is_documented_is_corrected_only_by_force(arguments):
    assert Overrides(**arguments, forced=True).forced


def test_force_does_not_make_a_clash_right():
    with pytest.raises(ConfigurationError, match="two attributes"):
        Overrides(names={"InvoiceHeader.number": "date"}, forced=True)


def test_overrides_do_not_follow_the_mapping_they_were_made_from():
    paths = {"invoices.distributions_v2": "/x"}
    overrides = Overrides(paths=paths)
    paths["invoices.distributions_v2"] = "/y"
    assert overrides.paths == {"invoices.distributions_v2": "/x"}


def test_overrides_are_read_from_toml(tmp_path):
    file = tmp_path / "overrides.toml"
    file.write_text('[paths]\n"invoices.distributions_v2" = "/x"\n[names]\n"InvoiceRowData.unit" = "uom"\n')
    assert Overrides.from_toml(file) == Overrides(
        paths={"invoices.distributions_v2": "/x"}, names={"InvoiceRowData.unit": "uom"}
    )


def test_force_is_read_from_toml(tmp_path):
    file = tmp_path / "overrides.toml"
    file.write_text('forced = true\n[paths]\n"invoices.create" = "/x"\n')
    assert Overrides.from_toml(str(file)).forced


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[paths", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[path]\nx = 1", "path"),
        (b'[paths]\n"invoices.destroy" = "/x"', "invoices.destroy"),
        (b'[paths]\n"invoices.distributions_v2" = 5', 'paths."invoices.distributions_v2" must be text'),
        (b'[names]\n"InvoiceRowData.unit" = 5', 'names."InvoiceRowData.unit" must be text'),
        (b"[names.InvoiceRowData]\nunit = 'uom'", "must be text; a key with a dot needs quotes"),
        (b'[query."payments.list"]\nsize = 5', 'query."payments.list".size must be text'),
        (b"paths = 5", "paths must be a table"),
        (b"names = ['x']", "names must be a table"),
        (b'forced = "no"', "forced must be true or false"),
        (b"confirmed = ['payments.list', 5]", r"confirmed\[1\] must be text"),
        (b"confirmed = 'all'", "confirmed: must be true, false, or a list of names"),
        (b"paths = 1\nforced = 1", "paths must be a table; forced must be true or false"),
    ],
)
def test_a_file_that_is_no_set_of_overrides_is_refused(tmp_path, content, said):
    file = tmp_path / "overrides.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        Overrides.from_toml(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file or directory$"):
        Overrides.from_toml(tmp_path / "none.toml")


# --- schemas ----------------------------------------------------------------------------------------

ATTRIBUTES: list[Any] = [
    pytest.param(item, id=f"{name}.{item.name}")
    for name, cls in schema_classes().items()
    for item in attrs.fields(cls)
    if item.name != "extra"
]


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_attribute_says_how_well_it_is_known(attribute):
    assert isinstance(attribute.metadata[EVIDENCE], Evidence)


@pytest.mark.parametrize(
    ("name", "vendor_name"),
    [
        ("SalesInvoiceRequest", "SalesInvoiceRequest"),
        ("InvoiceContentData", "Invoice Content Data"),
        ("InvoiceRowData", "InvoiceRowData"),
        ("InvoiceAmounts", "InvoiceAmounts"),
        ("InvoiceTerms", "InvoiceTerms"),
        ("PaymentTerms", "PaymentTerms"),
        ("Interest", "Interest"),
        ("PaymentData", "PaymentData"),
        ("PaymentState", "PaymentState"),
        ("Collection", "Collection"),
        ("CollectionCosts", "Collection Costs"),
        ("CollectionInterest", "Collection Interest"),
        ("Factoring", "Factoring"),
        ("InvoiceAttachments", "Invoice Attachments"),
        ("InvoiceExtensions", "InvoiceExtensions"),
        ("DefinitionDetail", "Definition Detail"),
        ("Accounting", "Accounting"),
        ("FinvoiceCredentials", "Finvoice Credentials Response"),
        ("InvoiceHeader", "Invoice Header"),
        ("InvoiceParties", "Invoice Parties"),
        ("ClientSettings", "Client Settings"),
        ("Address", "Address"),
        ("BuyerParty", "BuyerParty"),
        ("Contact", "Contact"),
        ("ContactPerson", "Contact Person"),
        ("DeliveryParty", "Delivery Party"),
        ("Distribution", "Distribution"),
        ("InvoiceRecipientParty", "Invoice Recipient Party"),
        ("InvoiceReferences", "InvoiceReferences"),
        ("PaymentDetails", "Payment Details"),
        ("Processing", "Processing"),
        ("SellerParty", "Seller Party"),
    ],
)
def test_the_vendors_schema_names_are_there(name, vendor_name):
    assert schema_classes()[name].vendor_name == vendor_name


@pytest.mark.parametrize("cls", schema_classes().values(), ids=lambda cls: cls.__name__)
def test_every_schema_names_the_section_that_states_it(cls):
    assert cls.section
    assert cls.__doc__


def test_every_schema_of_an_operation_is_listed():
    named = {cls for o in OPERATIONS.values() for cls in (o.request, o.query, o.response) if cls}
    assert named <= set(schema_classes().values())


def test_every_kind_of_value_has_its_form_in_json_schema():
    assert set(FORMS) == set(CODECS)
