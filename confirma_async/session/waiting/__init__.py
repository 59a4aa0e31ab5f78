"""Waits that end early: at a deadline, or where they are called off."""
