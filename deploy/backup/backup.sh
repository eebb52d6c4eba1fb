#!/bin/sh
# Copies all that Adda knows, while it runs: backup.sh FOLDER
#
# Makes FOLDER/<time>/ with redis.rdb, database.dump and SHA256SUMS, whole or not at all, and
# removes what is older than ADDA_BACKUP_DAYS (14). Redis first, then PostgreSQL: what was
# acknowledged before it began is then in one of the two (ADR-0019).
#
#   PGHOST, PGPORT, PGUSER, PGDATABASE       as libpq reads them; the database is adda
#   ADDA_BACKUP_DATABASE_PASSWORD_FILE       file with the password of that user
#   ADDA_BACKUP_REDIS                        redis://127.0.0.1:6379; without a password
#   ADDA_BACKUP_REDIS_PASSWORD_FILE          file with its password
set -eu
umask 077
folder=$1
days=${ADDA_BACKUP_DAYS:-14}
redis=${ADDA_BACKUP_REDIS:-redis://127.0.0.1:6379}
cli=${ADDA_REDIS_CLI:-redis-cli}
export PGDATABASE="${PGDATABASE:-adda}"
# Passwords are no arguments, which all users of the machine could read.
if [ -n "${ADDA_BACKUP_REDIS_PASSWORD_FILE:-}" ]; then
    REDISCLI_AUTH=$(cat "$ADDA_BACKUP_REDIS_PASSWORD_FILE")
    export REDISCLI_AUTH
fi
if [ -n "${ADDA_BACKUP_DATABASE_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$ADDA_BACKUP_DATABASE_PASSWORD_FILE")
    export PGPASSWORD
fi

name=$(date -u +%Y%m%dT%H%M%SZ)
unfinished=$folder/.unfinished-$name
mkdir -p "$unfinished"
trap 'rm -rf "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM # else nothing is done at such an end

"$cli" -u "$redis" --rdb "$unfinished/redis.rdb" >"$unfinished/log" 2>&1 || {
    cat "$unfinished/log" >&2
    exit 1
}
# redis-cli ends with 0 for a copy that was cut off.
[ "$(head -c 5 "$unfinished/redis.rdb")" = REDIS ] || [ "$(head -c 6 "$unfinished/redis.rdb")" = VALKEY ]
pg_dump --format=custom --no-password --file="$unfinished/database.dump"
rm "$unfinished/log"
(cd "$unfinished" && sha256sum redis.rdb database.dump >SHA256SUMS)
sync -f "$unfinished"
mv "$unfinished" "$folder/$name"

# With what a power cut has left of one.
find "$folder/" -mindepth 1 -maxdepth 1 \( -name '[0-9]*T[0-9]*Z' -o -name '.unfinished-*' \) \
    -mtime "+$days" -exec rm -rf {} +
echo "backup: $folder/$name, $(du -sh "$folder/$name" | cut -f 1)"
