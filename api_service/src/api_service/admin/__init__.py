"""The pages of administrators below /admin/: see ADR-0015.

sqladmin shows tables; every change goes through deeds of ours, which are checked in one place.
"""
