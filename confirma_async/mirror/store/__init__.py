"""The mirror in a database: SQLite by default, PostgreSQL by URL, the same plain SQL for both."""
