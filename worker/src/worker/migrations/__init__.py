"""Alembic's place: `env.py` runs the files in `versions/`, oldest first."""
