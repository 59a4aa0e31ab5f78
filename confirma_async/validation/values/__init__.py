"""Rules about one value, wherever it stands: codes, identifiers, addresses, lengths and ranges."""
