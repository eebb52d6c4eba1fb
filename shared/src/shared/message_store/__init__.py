"""PostgreSQL: what outlives Redis. Rooms, people, messages; written in bulk by the worker."""
