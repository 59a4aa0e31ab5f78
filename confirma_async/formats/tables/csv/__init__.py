"""Reads CSV files: finds out how they are written, and reads their lines as a table."""
