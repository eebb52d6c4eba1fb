#!/bin/sh
# As root: the database `adda` and its roles, each with the password of its file. Harmless when run
# again. Tables are not made here, but by `release.sh switch`.
set -eu
cd /
here=$(cd "$(dirname "$0")/../.." && pwd -P)
secrets=/etc/adda/credentials/roles

as_postgres() {
    runuser -u postgres -- "$@"
}

as_postgres psql -qtAXc "SELECT 1 FROM pg_database WHERE datname = 'adda'" | grep -q 1 ||
    as_postgres createdb --encoding=UTF8 --template=template0 --locale=C.UTF-8 adda

passwords=$(as_postgres mktemp -d)
trap 'rm -rf "$passwords"' EXIT
install -o postgres -m 0400 -t "$passwords" "$secrets"/*
as_postgres env ADDA_DATABASE_URL='postgresql:///adda?host=/var/run/postgresql' \
    "$here/.venv/bin/python" -m worker.database_roles --passwords "$passwords"

# Backups are made by a role that can read everything, and nothing else.
as_postgres psql -qX -v ON_ERROR_STOP=1 -d adda <<END
DO \$\$ BEGIN CREATE ROLE adda_backup; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$;
ALTER ROLE adda_backup LOGIN PASSWORD '$(cat "$secrets/adda_backup")';
GRANT pg_read_all_data TO adda_backup;
GRANT CONNECT ON DATABASE adda TO adda_backup;
END
