"""The journal in a PostgreSQL database, for jobs on many machines (extra ``postgres``)."""
