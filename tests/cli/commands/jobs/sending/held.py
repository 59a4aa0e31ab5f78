"""Which invoices a sandbox holds."""


def held(sandbox):
    return sorted(invoice.number for invoice in sandbox.invoices())
