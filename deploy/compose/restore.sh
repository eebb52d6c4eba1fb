#!/bin/sh
# Brings a backup back into a stack in containers that has no data yet: restore.sh FOLDER/<time>
#
# As deploy/backup/restore.sh. PostgreSQL gets its rows; what was still on its way to it when the
# backup was made is brought to its end by a worker on a Redis of its own. The stack's Redis stays
# empty: rooms begin a new epoch above all numbers that PostgreSQL has, and clients are told
# (ADR-0019). Afterwards only the servers run.
# shellcheck disable=SC2016 # what stands in single quotes is for the container's shell
set -eu
backup=$(cd "$1" && pwd -P)
cd "$(dirname "$0")/../.."
scratch=adda-restore-$$

refuse() {
    echo "restore: $1" >&2
    exit 1
}

superuser() { # PROGRAM...: in PostgreSQL's container
    docker compose exec -T postgres sh -ec 'PGPASSWORD="$(cat /secrets/password)" exec "$@"' sh \
        "$@" --host=127.0.0.1 --username=postgres --dbname=adda
}

check() {
    (cd "$backup" && sha256sum --quiet --check SHA256SUMS) || refuse "$backup is damaged"
    [ -z "$(docker compose ps --quiet api_service ws_service worker)" ] || refuse "services run"
    docker compose up --detach --wait redis postgres
    keys=$(docker compose exec -T redis \
        sh -ec 'REDISCLI_AUTH="$(cat /secrets/password)" exec redis-cli dbsize' </dev/null)
    [ "$keys" = 0 ] || refuse "Redis is not empty ($keys): docker compose down --volumes"
    tables=$(superuser psql -qtAXc "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'" \
        </dev/null)
    [ "$tables" = 0 ] || refuse "PostgreSQL is not empty: docker compose down --volumes"
}

restore_rows() {
    # Whose the tables are, the dump says: the roles come first.
    docker compose run --rm --no-deps -T migrate sh -ec 'ADDA_DATABASE_URL_FILE=/secrets/superuser_url \
        exec python -m worker.database_roles --passwords /secrets/roles' </dev/null
    superuser pg_restore --exit-on-error --single-transaction --no-password <"$backup/database.dump"
    docker compose run --rm --no-deps -T migrate </dev/null
}

ask() { # COMMAND...: the Redis of the backup
    docker exec "$scratch" redis-cli "$@"
}

entries() { # PATTERN: in all streams of such a name; fails where that is not to be learned
    names=$(ask --scan --pattern "$1") || return
    sum=0
    for name in $names; do
        count=$(ask xlen "$name") || return
        sum=$((sum + count))
    done
    echo "$sum"
}

start_scratch() {
    trap 'docker rm --force --volumes "$scratch" "$scratch-worker" >/dev/null 2>&1 || true' EXIT
    docker compose run --detach --no-deps --name "$scratch" --volume /scratch redis sh -ec '
        until [ -e /scratch/whole ]; do sleep 0.1; done
        exec "$0" --protected-mode no --dir /scratch --appendonly no --save "" --maxmemory 0
    ' "${REDIS_SERVER:-redis-server}" >/dev/null
    docker exec -i "$scratch" sh -ec 'cat >/scratch/dump.rdb; touch /scratch/whole' <"$backup/redis.rdb"
    until [ "$(ask ping 2>/dev/null)" = PONG ]; do # LOADING, until it has read all
        runs "$scratch"
        sleep 0.2
    done
}

runs() { # CONTAINER: or the end
    [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ] ||
        refuse "$(docker logs --tail 5 "$1" 2>&1)"
}

drain() {
    docker compose run --detach --no-deps --name "$scratch-worker" --env ADDA_ENV=local \
        --env "ADDA_REDIS_URL=redis://$scratch:6379/0" --env ADDA_INSTANCE=restore \
        --env ADDA_RECLAIM_IDLE_SECONDS=0.5 --env ADDA_RECLAIM_EVERY_SECONDS=0.5 worker >/dev/null
    while :; do
        left=$(entries '*}:ingest') || refuse "the queue is lost: $(docker logs --tail 3 "$scratch" 2>&1)"
        [ "$left" != 0 ] || break
        runs "$scratch-worker"
        sleep 0.2
    done
}

check
restore_rows
start_scratch
queued=$(entries '*}:ingest')
drain
refused=$(entries '*}:dead')
echo "restore: $(superuser psql -qtAXc 'SELECT count(*) FROM messages' </dev/null) messages;" \
    "$queued entries were still on their way, $refused are dead letters, kept in redis.rdb"
