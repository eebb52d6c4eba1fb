"""Accepting messages and their newest history, in Redis."""
