"""What became of the invoices: the mirror, and its reconciliation."""
