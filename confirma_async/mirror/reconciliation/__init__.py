"""The reconciliation: every invoice, payment and settlement against the others, to the cent."""
