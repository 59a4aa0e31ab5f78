"""Invoices of an outbox: how each is brought to its outcome, and what becomes of those left unknown."""
