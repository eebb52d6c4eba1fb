#!/bin/sh
# Fills the gateway's template in and has nginx read it: render_gateway.sh FOLDER
# Values are the environment's (gateway.env); the template says what each means.
set -eu
folder=$1
here=$(cd "$(dirname "$0")/../.." && pwd -P)

export GATEWAY_USER='' GATEWAY_FOLDER="$folder" GATEWAY_WEB="$here/gateway/web/dist"
: "${GATEWAY_REAL_IP_FROM=}" "${GATEWAY_PROXY_RANGES=}" "${GATEWAY_RESOLVER=}"
export GATEWAY_REAL_IP_FROM GATEWAY_PROXY_RANGES GATEWAY_RESOLVER
names=$(env | sed -n 's/^\(GATEWAY_[A-Z_]*\)=.*/${\1}/p' | tr '\n' ' ')

# Standard output is a socket of the journal here, which nginx cannot open by a path.
envsubst "$names" <"$here/gateway/nginx/nginx.conf.template" |
    sed 's#access_log /dev/stdout adda;#access_log syslog:server=unix:/dev/log,nohostname,tag=adda_gateway adda;#' \
        >"$folder/nginx.conf.new"
"${GATEWAY_NGINX:-/usr/sbin/nginx}" -q -t -p "$folder" -c "$folder/nginx.conf.new" -e stderr
mv "$folder/nginx.conf.new" "$folder/nginx.conf"
