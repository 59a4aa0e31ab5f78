"""The journal in a file: an SQLite database that each job has open by one connection, in one thread."""
