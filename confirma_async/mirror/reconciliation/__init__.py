"""The reconciliation: compares invoices, payments and settlements with each other, to the cent."""
