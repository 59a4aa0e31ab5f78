"""Marked copies of tables: they show beside each line what became of it, and can be corrected."""
