#!/bin/sh
# The first process of a container that becomes a machine: prepares what systemd wants, and becomes it.
set -eu
# A tree of control groups of its own; an engine on the old hierarchy has none to give.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
# Credentials are mounted by a child, and must be seen outside of it.
mount --make-rshared /
exec /sbin/init
