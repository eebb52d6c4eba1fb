#!/bin/sh
# Releases on one machine. Each is a checkout of its own with its own .venv; `current` points to one.
#
#   release.sh build      packages by their hashes, the web client; changes nothing that runs
#   release.sh install    this checkout becomes the current one where nothing runs; no tables
#   release.sh switch     this checkout becomes the current one: tables, then one replica at a time
#   release.sh rollback   the same without touching tables: they serve the version before, too
#
# EXTRA=tracing in the environment of `build` installs what ADDA_TRACE_URL needs.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd -P)
adda=${DESTDIR:-}/opt/adda
units=${DESTDIR:-}/etc/systemd/system

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

link() { # NAME: /opt/adda/NAME leads to this checkout, in one step
    ln -sfn "$here" "$adda/.$1"
    mv -T "$adda/.$1" "$adda/$1"
}

install_units() { # UNIT...: with the sandbox that holds for all
    install -m 0644 -t "$units" "$@"
    install -D -m 0644 -t "$units/adda-.service.d" "$here"/deploy/systemd/adda-.service.d/*.conf
    systemctl daemon-reload
}

become_current() {
    link current
    install_units "$here"/deploy/systemd/*.service "$here"/deploy/systemd/*.target \
        "$here"/deploy/backup/*.service "$here"/deploy/backup/*.timer
}

# Before anything else changes: if it fails, the version that runs goes on, and starts again as it was.
migrate() {
    link next
    install_units "$here/deploy/systemd/adda-migrate.service"
    systemctl start adda-migrate.service
}

restart() { # KIND...: each replica that runs, one after the other
    for kind; do
        replicas=$(systemctl list-units --plain --no-legend --state=active "adda-$kind@*")
        for unit in $(echo "$replicas" | awk '{ print $1 }'); do
            echo "restarting $unit"
            systemctl restart "$unit"
        done
    done
    systemctl try-reload-or-restart adda-gateway.service
}

# Whoever reads entries must know all that is written: workers are the first to become newer, and the
# last to become older.
case "${1:-}" in
build) build ;;
install)
    link next
    become_current
    ;;
switch)
    migrate
    become_current
    restart worker api ws
    ;;
rollback)
    become_current
    restart ws api worker
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
