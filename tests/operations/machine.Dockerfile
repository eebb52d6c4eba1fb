# A fresh Debian server, as a cloud gives it: systemd and little else. For tests.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      systemd systemd-sysv dbus ca-certificates iproute2 procps git >/dev/null \
 && rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d /etc/dpkg/dpkg.cfg.d/slim
COPY boot.sh /boot.sh
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/bin/sh", "/boot.sh"]
