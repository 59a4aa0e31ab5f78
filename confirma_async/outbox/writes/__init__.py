"""Writes that are no invoices: how they are sent, what their answers prove, and where they are looked for."""
