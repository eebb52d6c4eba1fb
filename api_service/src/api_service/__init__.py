"""The REST side of the chat: stateless, any number of replicas."""
