"""Rooms in Redis."""
