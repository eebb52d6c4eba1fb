"""The gateway: what nginx is told, from one template for all ways to run."""
