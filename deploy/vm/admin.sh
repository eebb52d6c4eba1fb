#!/bin/sh
# Accounts for /admin/, as root: admin.sh create rakib --role admin; see deploy/docs/admin.md
set -eu
adda=${DESTDIR:-}/etc/adda
# As systemd reads it, not as a shell does: a value may have spaces, and nothing in it is a command.
while IFS= read -r line; do
    case $line in
    ADDA_*=*)
        value=${line#*=}
        value=${value#[\"\']}
        export "${line%%=*}=${value%[\"\']}"
        ;;
    esac
done <"$adda/adda.env"
export ADDA_REDIS_URL_FILE="$adda/credentials/redis_url"
export ADDA_DATABASE_URL_FILE="$adda/credentials/database_url_api"
export ADDA_ADMIN_SESSION_KEY_FILE="$adda/credentials/admin_session_key"
exec "${DESTDIR:-}/opt/adda/current/.venv/bin/python" -m api_service.admin "$@"
