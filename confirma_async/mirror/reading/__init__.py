"""How the service is read: which windows of days, and what proves that an answer is complete."""
