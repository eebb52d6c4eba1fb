"""The rules of the chat as pure functions and values: no await, clock, randomness or I/O.

Import the modules themselves; this package re-exports nothing.
"""
