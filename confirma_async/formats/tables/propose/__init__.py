"""A mapping file proposed for a table that has none."""
