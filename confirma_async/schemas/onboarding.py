"""Clients and their tokens (contract §3)."""

from collections.abc import Sequence

from attrs import field, frozen

from confirma_async.privacy import Secret, secret
from confirma_async.schemas.values import BlankText, JsonObject, Moment, ServiceType, service_type
from confirma_async.schemas.wire import Answer, D, E, P, Schema, identifying, named, vendor


@vendor("Validate access token", section="3")
@frozen(kw_only=True)
class TokenValidity(Answer):
    """The answer to "Validate access token"."""

    is_valid: bool = field(metadata=identifying(D))
    message: str | None = field(default=None, metadata=D)


@vendor("Renew access token", section="3")
@frozen(kw_only=True)
class TokenRenewal(Answer):
    """The answer to "Renew access token". The vendor says that the new token is in it, not where.

    Attributes:
        message: Documented, with a capital M on the wire; may be the token itself.
        api_access_token: The name that "Create a new client" uses; here it is our reading.
        token: Another reading.
    """

    message: str | None = field(default=None, repr=False, metadata=named("Message", D))
    api_access_token: Secret | None = field(default=None, converter=secret, metadata=P)
    token: Secret | None = field(default=None, converter=secret, metadata=P)


@vendor("Service", section="3")
@frozen(kw_only=True)
class Service(Schema):
    """The service that a new client takes."""

    type: ServiceType = field(converter=service_type, metadata=E)
    partner_code: str = field(metadata=E)


@vendor("Client", section="3")
@frozen(kw_only=True)
class Client(Schema):
    """The company that becomes a client. ``""`` stands for "no value" in all but name and business code.

    Attributes:
        business_code: The company's own registration number, e.g. a Finnish Business ID.
        country_code: ISO 3166-1 alpha-2.
        language_code: ISO 639-1, or one of the vendor's five words.
        currency_code: ISO 4217.
    """

    name: str = field(metadata=E)
    business_code: str = field(metadata=E)
    vat_reg_nbr: BlankText | None = field(default=None, metadata=E)
    postal_address: BlankText | None = field(default=None, metadata=E)
    postal_code: BlankText | None = field(default=None, metadata=E)
    postal_district: BlankText | None = field(default=None, metadata=E)
    country_code: BlankText | None = field(default=None, metadata=E)
    telephone: BlankText | None = field(default=None, metadata=E)
    email: BlankText | None = field(default=None, metadata=E)
    website: BlankText | None = field(default=None, metadata=E)
    language_code: BlankText | None = field(default=None, metadata=E)
    currency_code: BlankText | None = field(default=None, metadata=E)
    iban_account: BlankText | None = field(default=None, metadata=E)
    bic: BlankText | None = field(default=None, metadata=E)
    bankgiro: BlankText | None = field(default=None, metadata=E)
    plusgiro: BlankText | None = field(default=None, metadata=E)


@vendor("Primary Contact", section="3")
@frozen(kw_only=True)
class PrimaryContact(Schema):
    """Whom to ask first at the client."""

    name: BlankText | None = field(default=None, metadata=E)
    telephone: BlankText | None = field(default=None, metadata=E)
    mobile: BlankText | None = field(default=None, metadata=E)
    email: BlankText | None = field(default=None, metadata=E)


@vendor("Client Contact", section="3")
@frozen(kw_only=True)
class ClientContact(Schema):
    """Whom to ask about one matter at the client."""

    name: BlankText | None = field(default=None, metadata=E)
    email: BlankText | None = field(default=None, metadata=E)


@vendor("Client Contacts", section="3")
@frozen(kw_only=True)
class ClientContacts(Schema):
    """The people at the client."""

    primary: PrimaryContact | None = field(default=None, metadata=E)
    technical: ClientContact | None = field(default=None, metadata=E)
    accountant: ClientContact | None = field(default=None, metadata=E)


@vendor("Create a new client", section="3")
@frozen(kw_only=True)
class ClientRequest(Schema):
    """A company to onboard, with the service it takes."""

    service: Service = field(metadata=E)
    client: Client = field(metadata=E)
    contacts: ClientContacts | None = field(default=None, metadata=E)


@vendor("Create a new client response", section="3")
@frozen(kw_only=True)
class ClientCreated(Answer):
    """The answer to "Create a new client".

    Attributes:
        api_access_token: The client's key, which shows in no repr: give it to ``Confirma``, to ``as_client``,
            or to a ``TokenStore`` to keep.
    """

    message: str | None = field(default=None, metadata=D)
    client_identifier: int | None = field(default=None, metadata=D)
    confirma_finance_customer_code: int | None = field(default=None, metadata=D)
    payment_reference_prefix: int | None = field(default=None, metadata=D)
    api_access_token: Secret = field(converter=Secret, metadata=identifying(D))


@vendor("Connected Service", section="3")
@frozen(kw_only=True)
class ConnectedService(Answer):
    """One system that the client has connected."""

    type: str | None = field(default=None, metadata=E)
    provider: str | None = field(default=None, metadata=E)
    status: str | None = field(default=None, metadata=E)


@vendor("Integrations Service", section="3")
@frozen(kw_only=True)
class IntegrationsService(Answer):
    """What the client may do over the integrations API."""

    enabled: bool | None = field(default=None, metadata=E)
    connected_services: Sequence[ConnectedService] = field(default=(), eq=tuple, metadata=E)
    permissions: Sequence[str] = field(default=(), eq=tuple, metadata=E)


@vendor("Invoice Distribution Settings", section="3")
@frozen(kw_only=True)
class InvoiceDistributionSettings(Answer):
    """How invoices are distributed."""

    send_copy_to_client: bool | None = field(default=None, metadata=E)
    auto_send: bool | None = field(default=None, metadata=E)


@vendor("Invoice Distribution Service", section="3")
@frozen(kw_only=True)
class InvoiceDistributionService(Answer):
    """The distribution of invoices."""

    enabled: bool | None = field(default=None, metadata=E)
    delivery_methods: Sequence[str] = field(default=(), eq=tuple, metadata=E)
    default_language: str | None = field(default=None, metadata=E)
    settings: InvoiceDistributionSettings | None = field(default=None, metadata=E)


@vendor("Accounting Sync", section="3")
@frozen(kw_only=True)
class AccountingSync(Answer):
    """How the connection to the accounting system stands."""

    status: str | None = field(default=None, metadata=E)
    last_sync_at: Moment | None = field(default=None, metadata=E)


@vendor("Accounting Settings", section="3")
@frozen(kw_only=True)
class AccountingSettings(Answer):
    """How the accounting system is set up."""

    chart_of_accounts_mapped: bool | None = field(default=None, metadata=E)


@vendor("Accounting Service", section="3")
@frozen(kw_only=True)
class AccountingService(Answer):
    """The connection to the accounting system."""

    enabled: bool | None = field(default=None, metadata=E)
    provider: str | None = field(default=None, metadata=E)
    sync: AccountingSync | None = field(default=None, metadata=E)
    settings: AccountingSettings | None = field(default=None, metadata=E)


@vendor("Debt Collection Service", section="3")
@frozen(kw_only=True)
class DebtCollectionService(Answer):
    """Debt collection. ``agency`` and ``settings`` were seen as null only; their types are our reading."""

    enabled: bool | None = field(default=None, metadata=E)
    agency: str | None = field(default=None, metadata=E)
    settings: JsonObject | None = field(default=None, metadata=E)


@vendor("Client Services", section="3")
@frozen(kw_only=True)
class ClientServices(Answer):
    """The services of a client."""

    integrations: IntegrationsService | None = field(default=None, metadata=E)
    invoice_distribution: InvoiceDistributionService | None = field(default=None, metadata=E)
    accounting: AccountingService | None = field(default=None, metadata=E)
    debt_collection: DebtCollectionService | None = field(default=None, metadata=E)


@vendor("Client Settings", section="3")
@frozen(kw_only=True)
class ClientSettings(Answer):
    """What a client is set up for. The vendor lists this schema, and no endpoint that answers with it."""

    client_id: str | None = field(default=None, metadata=E)
    name: str | None = field(default=None, metadata=E)
    status: str | None = field(default=None, metadata=E)
    services: ClientServices | None = field(default=None, metadata=E)
