"""Carries what Redis accepted into PostgreSQL, and reaps what crashed replicas left behind."""
