"""What people do, the same behind REST and sockets."""
