"""Runs commands: handles signals, begins processes, and notes whether anything was changed."""
