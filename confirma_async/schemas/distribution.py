"""Distribution information: what became of the invoices sent (contract §5)."""

from collections.abc import Sequence
from datetime import date

from attrs import field, frozen

from confirma_async.schemas.values import (
    DistributionMethod,
    InvoiceNumberText,
    InvoiceStatus,
    Moment,
    distribution_method,
    invoice_status,
)
from confirma_async.schemas.wire import Answer, E, P, Schema, named, renamed, vendor


@vendor("Filters Applied", section="5")
@frozen(kw_only=True)
class FiltersApplied(Answer):
    """The filters that the service says it applied.

    ``default_last30_days``: the vendor's example cuts the name after ``defaultLast30Day``; the last
    letter is this project's reading.
    """

    invoice_number: InvoiceNumberText | None = field(default=None, metadata=E)
    from_inv_date: date | None = field(default=None, metadata=E)
    to_inv_date: date | None = field(default=None, metadata=E)
    fetch_type: str | None = field(default=None, metadata=E)
    default_last30_days: bool | None = field(default=None, metadata=named("defaultLast30Days", P))


@vendor("Distribution Query", section="5")
@frozen(kw_only=True)
class DistributionQuery(Schema):
    """The query of "Retrieve distribution Information": the names that the answer echoes, by our reading.

    Without dates the window is the last 30 days, by our reading. Dates are those of the invoices.
    """

    invoice_number: InvoiceNumberText | None = field(default=None, metadata=P)
    from_inv_date: date | None = field(default=None, metadata=P)
    to_inv_date: date | None = field(default=None, metadata=P)
    fetch_type: str | None = field(default=None, metadata=P)


@vendor("Distribution Meta Data", section="5")
@frozen(kw_only=True)
class DistributionMetaData(Answer):
    """How many records the answer stands for."""

    total_count: int | None = field(default=None, metadata=E)
    successful_count: int | None = field(default=None, metadata=E)
    failed_count: int | None = field(default=None, metadata=E)
    filters_applied: FiltersApplied | None = field(default=None, metadata=E)


@vendor("Distribution Record", section="5")
@frozen(kw_only=True)
class DistributionRecord(Answer):
    """What became of one invoice. The vendor names the contents in words; every name is provisional."""

    invoice_number: InvoiceNumberText | None = field(default=None, metadata=P)
    invoice_date: date | None = field(default=None, metadata=P)
    status: InvoiceStatus | None = field(default=None, converter=invoice_status, metadata=P)
    method: DistributionMethod | None = field(default=None, converter=distribution_method, metadata=P)
    created_at: Moment | None = field(default=None, metadata=P)
    distributed_at: Moment | None = field(default=None, metadata=P)
    payment_control_status: str | None = field(default=None, metadata=P)
    case_id: int | None = field(default=None, metadata=P)
    error: str | None = field(default=None, metadata=P)


@vendor("Distribution Information", section="5")
@frozen(kw_only=True)
class DistributionInformation(Answer):
    """The answer to "Retrieve distribution Information"."""

    meta_data: DistributionMetaData | None = field(default=None, metadata=E)
    data: Sequence[DistributionRecord] = field(default=(), eq=tuple, metadata=P)


@vendor("Distribution Page Query", section="5")
@frozen(kw_only=True)
class DistributionPageQuery(Schema):
    """The query of "Retrieve distribution Information MV v2", by our reading; the page is not shown to us."""

    invoice_number: InvoiceNumberText | None = field(default=None, metadata=P)
    from_inv_date: date | None = field(default=None, metadata=P)
    to_inv_date: date | None = field(default=None, metadata=P)
    fetch_type: str | None = field(default=None, metadata=P)
    page: int | None = field(default=None, metadata=P)
    page_size: int | None = field(default=None, metadata=P)


@vendor("Distribution Page Meta", section="5")
@frozen(kw_only=True)
class DistributionPageMeta(Answer):
    """Which page an answer is: ``page`` counts from 1, by our reading."""

    page: int | None = field(default=None, metadata=P)
    page_size: int | None = field(default=None, metadata=P)
    total_count: int | None = field(default=None, metadata=P)


@vendor("Distribution Page", section="5")
@frozen(kw_only=True)
class DistributionPage(Answer):
    """One page of "Retrieve distribution Information MV v2". Every name is provisional.

    Attributes:
        meta_data: Which page it is. ``metaData`` is the name that the vendor shows elsewhere; ``meta`` is
            read as well.
    """

    meta_data: DistributionPageMeta | None = field(default=None, metadata=renamed("meta", P))
    data: Sequence[DistributionRecord] = field(default=(), eq=tuple, metadata=P)
