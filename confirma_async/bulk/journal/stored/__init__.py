"""The journal in the tables of a database: the same statements for every kind of it."""
