"""Makes the headers and the query of a request."""
