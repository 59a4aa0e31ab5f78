"""Marked copies of tables: what became of each line, beside it, to be corrected in place."""
