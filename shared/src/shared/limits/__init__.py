"""How much people may do, over all replicas."""
