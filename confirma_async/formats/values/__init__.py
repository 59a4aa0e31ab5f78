"""Values in files of any format: numbers, encodings of text, identifiers."""
