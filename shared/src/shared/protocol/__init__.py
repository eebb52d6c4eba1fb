"""The contract: what travels between client, services and replicas. Pure."""
