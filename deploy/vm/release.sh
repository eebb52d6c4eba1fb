#!/bin/sh
# Releases on one machine. Each is a checkout of its own with its own .venv; `current` points to one.
#
#   release.sh build      packages by their hashes, the web client; changes nothing that runs
#   release.sh switch     this checkout becomes the current one: tables, then one replica at a time
#   release.sh rollback   the same without touching tables: they serve the version before, too
#
# EXTRA=tracing in the environment of `build` installs what ADDA_TRACE_URL needs.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd -P)
current=/opt/adda/current
units=/etc/systemd/system

build() {
    cd "$here"
    case "${EXTRA:-}" in
    '') extra= ;;
    tracing) extra=deploy/observability/requirements.txt ;;
    *)
        echo "release: there is no extra $EXTRA" >&2
        exit 2
        ;;
    esac
    python3 deploy/local/bootstrap.py \
        api_service/requirements.txt ws_service/requirements.txt worker/requirements.txt \
        ${extra:+"$extra"}
    python3 deploy/local/build_web.py
    # Services may not write, so what Python compiles is made here.
    .venv/bin/python -m compileall -q -j 0 .venv/lib shared/src api_service/src ws_service/src \
        worker/src >/dev/null || true # packages ship templates that are not Python
    chmod -R a+rX .
}

install_units() {
    for unit in "$here"/deploy/systemd/*.service "$here"/deploy/systemd/*.target \
        "$here"/deploy/backup/*.service "$here"/deploy/backup/*.timer; do
        install -m 0644 "$unit" "$units/"
    done
    install -D -m 0644 -t "$units/adda-.service.d" "$here"/deploy/systemd/adda-.service.d/*.conf
    systemctl daemon-reload
}

running() { # PATTERN: units that run
    systemctl list-units --plain --no-legend --state=active "$1" | awk '{ print $1 }'
}

switch() { # migrate|keep
    ln -sfn "$here" "$current.next"
    mv -T "$current.next" "$current"
    install_units
    [ "$1" = keep ] || systemctl start adda-migrate.service
    for unit in $(running 'adda-worker@*') $(running 'adda-api@*') $(running 'adda-ws@*'); do
        echo "restarting $unit"
        systemctl restart "$unit"
    done
    systemctl try-reload-or-restart adda-gateway.service
}

case "${1:-}" in
build) build ;;
switch) switch migrate ;;
rollback) switch keep ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
