"""Reads answers: makes errors of them, decodes their contents, notes what differs from the contract."""
