#!/bin/sh
# Copies all that a stack in containers knows, while it runs: backup.sh FOLDER
#
# As deploy/backup/backup.sh, by the programs that are in the servers' containers: makes
# FOLDER/<time>/ with redis.rdb, database.dump and SHA256SUMS, whole or not at all, and removes what
# is older than ADDA_BACKUP_DAYS (14). Redis first, then PostgreSQL (ADR-0019).
# shellcheck disable=SC2016 # what stands in single quotes is for the container's shell
set -eu
umask 077
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
days=${ADDA_BACKUP_DAYS:-14}
cd "$(dirname "$0")/../.."

inside() { # SERVICE COMMAND: in its container, where its password is
    docker compose exec -T "$1" sh -ec "$2" </dev/null
}

# Of a Cluster each node has a part only, and a replica may be behind its master.
inside redis '
    export REDISCLI_AUTH="$(cat /secrets/password)"
    redis-cli info cluster | grep -q cluster_enabled:0
    redis-cli info replication | grep -q role:master
' || {
    echo "backup: the service redis is not the only server, or not the master" >&2
    exit 1
}

name=$(date -u +%Y%m%dT%H%M%SZ)
unfinished=$folder/.unfinished-$name
mkdir "$unfinished"
trap 'rm -rf "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM # else nothing is done at such an end
inside redis 'REDISCLI_AUTH="$(cat /secrets/password)" exec redis-cli --rdb -' \
    >"$unfinished/redis.rdb" 2>"$unfinished/log" || {
    cat "$unfinished/log" >&2
    exit 1
}
# redis-cli ends with 0 for a copy that was cut off.
[ "$(head -c 5 "$unfinished/redis.rdb")" = REDIS ] || [ "$(head -c 6 "$unfinished/redis.rdb")" = VALKEY ]
inside postgres 'PGPASSWORD="$(cat /secrets/password)" exec pg_dump --format=custom --no-password \
    --host=127.0.0.1 --username=postgres adda' >"$unfinished/database.dump"
rm "$unfinished/log"
(cd "$unfinished" && sha256sum redis.rdb database.dump >SHA256SUMS)
sync -f "$unfinished"
mv "$unfinished" "$folder/$name"

# With what a power cut has left of one.
find "$folder" -mindepth 1 -maxdepth 1 \( -name '[0-9]*T[0-9]*Z' -o -name '.unfinished-*' \) \
    -mtime "+$days" -exec rm -rf {} +
echo "backup: $folder/$name, $(du -sh "$folder/$name" | cut -f 1)"
