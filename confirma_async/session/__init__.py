"""How a call travels: its key, the limiter, its attempts, the transport, and the reading of its answer."""
