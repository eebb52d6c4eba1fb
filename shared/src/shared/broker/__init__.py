"""Fan-out between replicas."""
