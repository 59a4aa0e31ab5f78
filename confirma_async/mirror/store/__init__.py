"""Stores the mirror in a database: SQLite, or PostgreSQL by its URL; both run the same plain SQL."""
