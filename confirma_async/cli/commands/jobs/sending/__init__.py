"""Jobs that send: one process, many of them, a retry, a guided import."""
