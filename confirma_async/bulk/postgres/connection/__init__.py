"""One connection to the database of a journal: its transactions, its statements, and what failures mean."""
