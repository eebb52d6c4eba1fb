"""What most requests ask for, answered with the least work. Why so: ADR-0008."""
