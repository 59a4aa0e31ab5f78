"""Reads the lists of the service by windows of days, and proves that the answers are complete."""
