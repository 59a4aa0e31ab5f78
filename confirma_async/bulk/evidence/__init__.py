"""Evidence: what an answer, a listed record, a list or a missing answer proves about an invoice."""
