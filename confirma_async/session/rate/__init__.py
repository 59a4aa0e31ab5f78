"""Limits how fast calls are sent."""
