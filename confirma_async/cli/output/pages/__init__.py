"""Pages that a browser shows or prints: of a report, a reconciliation, a comparison."""
