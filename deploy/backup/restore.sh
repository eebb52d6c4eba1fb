#!/bin/sh
# Brings a backup back into an empty database and an empty Redis: restore.sh FOLDER/<time>
#
# The services must be down. PostgreSQL gets its rows; what was still on its way to it when the
# backup was made is brought to its end by a worker on a Redis of its own. Adda's Redis stays empty:
# rooms then begin a new epoch above all numbers that PostgreSQL has, and clients are told
# (ADR-0019).
#
#   PGHOST … ADDA_BACKUP_REDIS_PASSWORD_FILE    as in backup.sh: whose tables they will be, and
#                                               which Redis must be empty
#   ADDA_DATABASE_URL, or ADDA_DATABASE_URL_FILE    PostgreSQL for the worker
#   ADDA_PYTHON                                 /opt/adda/current/.venv/bin/python
set -eu
umask 077
backup=$(cd "$1" && pwd -P)
redis=${ADDA_BACKUP_REDIS:-redis://127.0.0.1:6379}
cli=${ADDA_REDIS_CLI:-redis-cli}
server=${ADDA_REDIS_SERVER:-redis-server}
python=${ADDA_PYTHON:-/opt/adda/current/.venv/bin/python}
export PGDATABASE="${PGDATABASE:-adda}"
if [ -n "${ADDA_BACKUP_DATABASE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$ADDA_BACKUP_DATABASE_PASSWORD_FILE")
    export PGPASSWORD
fi

refuse() {
    echo "restore: $1" >&2
    exit 1
}

check() {
    (cd "$backup" && sha256sum --quiet --check SHA256SUMS) || refuse "$backup is damaged"
    keys=$(
        [ -z "${ADDA_BACKUP_REDIS_PASSWORD_FILE:-}" ] ||
            REDISCLI_AUTH=$(cat "$ADDA_BACKUP_REDIS_PASSWORD_FILE")
        export REDISCLI_AUTH
        "$cli" -u "$redis" DBSIZE
    )
    [ "$keys" = 0 ] || refuse "Redis is not empty ($keys): stop the services, then FLUSHALL"
    tables=$(psql -qtAXc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    [ "$tables" = 0 ] || refuse "database $PGDATABASE is not empty: dropdb, createdb"
}

scratch() { # COMMAND...: asks the Redis of the backup
    "$cli" -s "$home/redis.sock" "$@"
}

entries() { # PATTERN: in all streams of such a name; fails where that is not to be learned
    names=$(scratch --scan --pattern "$1") || return
    sum=0
    for name in $names; do
        count=$(scratch XLEN "$name") || return
        sum=$((sum + count))
    done
    echo "$sum"
}

start_scratch() {
    home=$(mktemp -d)
    trap 'stop_all' EXIT
    cp "$backup/redis.rdb" "$home/dump.rdb"
    "$server" --port 0 --unixsocket "$home/redis.sock" --dir "$home" --appendonly no --save '' \
        --maxmemory 0 >"$home/redis.log" &
    scratch_pid=$!
    until [ "$(scratch PING 2>/dev/null)" = PONG ]; do # LOADING, until it has read all
        kill -0 "$scratch_pid" 2>/dev/null || refuse "$(tail -n 3 "$home/redis.log")"
        sleep 0.1
    done
}

stop_all() {
    for pid in ${worker_pid:-} ${scratch_pid:-}; do
        kill "$pid" 2>/dev/null && wait "$pid" || true
    done
    rm -rf "$home"
}

drain() {
    ADDA_ENV=local ADDA_REDIS_URL="unix://$home/redis.sock" ADDA_INSTANCE=restore ADDA_PORT=0 \
        ADDA_RECLAIM_IDLE_SECONDS=0.5 ADDA_RECLAIM_EVERY_SECONDS=0.5 \
        "$python" -m worker >"$home/worker.log" 2>&1 &
    worker_pid=$!
    while :; do
        left=$(entries '*}:ingest') || refuse "the queue is lost: $(tail -n 3 "$home/redis.log")"
        [ "$left" != 0 ] || break
        kill -0 "$worker_pid" 2>/dev/null || refuse "$(tail -n 5 "$home/worker.log")"
        sleep 0.2
    done
}

check
pg_restore --exit-on-error --single-transaction --no-password --dbname="$PGDATABASE" \
    "$backup/database.dump"
start_scratch
queued=$(entries '*}:ingest')
drain
refused=$(entries '*}:dead')
echo "restore: $(psql -qtAXc 'SELECT count(*) FROM messages') messages;" \
    "$queued entries were still on their way, $refused are dead letters, kept in redis.rdb"
