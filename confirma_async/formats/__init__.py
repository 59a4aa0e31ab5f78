"""Files in: CSV, JSON Lines and UBL, read lazily into invoices with their places."""
