"""Waits that can be ended early: by a deadline, or from outside."""
