"""What an answer, a record, a list or a silence proves of an invoice."""
