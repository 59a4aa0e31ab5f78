"""Lets blocking code wait for asynchronous code: an event loop in a thread, and proxies of its objects."""
