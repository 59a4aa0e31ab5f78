"""Prints the results of commands, for people and for machines."""
