"""The socket service: one process is one replica."""
