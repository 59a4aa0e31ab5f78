"""The sales invoice, with its parties, rows and terms."""
