"""Proposes a mapping file for a table that has none."""
