"""How code that blocks waits for asynchronous code: a loop in a thread, and proxies of what lives there."""
