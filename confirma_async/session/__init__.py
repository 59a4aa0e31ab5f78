"""How a call travels: limiter, attempts, transport, classification of what came back."""
