"""``confirma finvoice``: the addresses at which a company receives e-invoices."""

from __future__ import annotations

import click

from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.tables import Layout, RecordColumns, as_list, show_list
from confirma_async.resources.operations import pick_address

ADDRESSES = RecordColumns(
    title="E-invoice addresses",
    shown=(
        "e_invoice_address_name",
        "e_invoice_address",
        "e_invoice_address_type",
        "e_invoice_operator_id",
        "e_invoice_operator_name",
        "last_modified",
    ),
)


@click.command(short_help="Show where a Finnish company receives e-invoices.")
@click.argument("business_id", metavar="BUSINESS-ID")
@click.option("--type", "address_type", metavar="TYPE", help="The address of this type, such as EDI or IBAN.")
@click.option("--operator", "operator_id", metavar="ID", help="The address at this operator.")
@connected
@as_list
def finvoice(
    business_id: str,
    address_type: str | None,
    operator_id: str | None,
    connection: Connection,
    layout: Layout,
) -> None:
    """Show the addresses at which a Finnish company receives e-invoices.

    Several are normal, and none is chosen for you. With --type, --operator or both, exactly one must fit.

    \b
      confirma finvoice 0737546-2
      confirma finvoice 0737546-2 --type IBAN --operator NDEAFIHH --json

    Exit code 0: the addresses, or the one that fits; 1: none fits, or more than one.
    """
    found = connection.ask(lambda confirma: confirma.operations.finvoice_credentials(business_id))
    if address_type is not None or operator_id is not None:
        found = (pick_address(found, address_type=address_type, operator_id=operator_id),)
    show_list(found, ADDRESSES, layout, connection.converter)
