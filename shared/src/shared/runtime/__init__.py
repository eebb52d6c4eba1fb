"""What each process needs to run: settings, logs, clients, probes."""
