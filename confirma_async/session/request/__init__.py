"""What stands in a request beside its body."""
