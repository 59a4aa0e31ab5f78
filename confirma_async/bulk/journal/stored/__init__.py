"""The journal in the tables of a database, with the same statements for SQLite and PostgreSQL."""
