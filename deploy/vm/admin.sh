#!/bin/sh
# Accounts for /admin/, as root: admin.sh create rakib --role admin; see deploy/docs/admin.md
set -eu
secrets=/etc/adda/credentials
set -a
# shellcheck source=/dev/null
. /etc/adda/adda.env
set +a
export ADDA_REDIS_URL_FILE=$secrets/redis_url
export ADDA_DATABASE_URL_FILE=$secrets/database_url_api
export ADDA_ADMIN_SESSION_KEY_FILE=$secrets/admin_session_key
exec /opt/adda/current/.venv/bin/python -m api_service.admin "$@"
