"""What a crowd needs: `python -m capacity_planner --connections 1e5`."""
