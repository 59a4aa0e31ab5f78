"""Values of files, whichever format they stand in: numbers, texts in an encoding, identifiers."""
