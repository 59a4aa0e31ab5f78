"""Operations: where a company receives e-invoices (contract §8)."""

from attrs import field, frozen

from confirma_async.schemas.values import Moment
from confirma_async.schemas.wire import Answer, D, P, Schema, identifying, vendor


@vendor("Finvoice Credentials Query", section="8")
@frozen(kw_only=True)
class FinvoiceCredentialsQuery(Schema):
    """The query of "Retrieve Finvoice Credentials": a Finnish Business ID."""

    business_id: str = field(metadata=P)


@vendor("Finvoice Credentials Response", section="8")
@frozen(kw_only=True)
class FinvoiceCredentials(Answer):
    """One address at which a company receives e-invoices; the answer is always an array of them.

    Attributes:
        e_invoice_address_type: ``EDI``, ``IBAN`` and others.
        e_invoice_operator_id: The operator that the address is reached through.
    """

    e_invoice_address_name: str | None = field(default=None, metadata=D)
    e_invoice_address: str | None = field(default=None, metadata=identifying(D))
    e_invoice_address_type: str | None = field(default=None, metadata=D)
    e_invoice_operator_id: str | None = field(default=None, metadata=identifying(D))
    e_invoice_operator_name: str | None = field(default=None, metadata=D)
    last_modified: Moment | None = field(default=None, metadata=D)
