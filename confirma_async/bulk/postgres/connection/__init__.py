"""The connection to the database of a journal: its transactions, its statements, its errors."""
