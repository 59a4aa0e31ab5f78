"""Commands for the mirror and its reconciliation."""
