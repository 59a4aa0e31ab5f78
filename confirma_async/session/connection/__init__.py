"""Sends one request over one connection."""
