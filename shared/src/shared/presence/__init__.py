"""Who is here, in Redis."""
