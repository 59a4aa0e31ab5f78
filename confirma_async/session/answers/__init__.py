"""What comes of an answer: its errors, its contents, what the contract does not say of it."""
