"""Every key and every script in Redis."""
