#!/usr/bin/env bash
# boot.sh FOLDER: a machine of its own over the files of this one, which it cannot change: systemd, processes, network and mounts are its own.
# To be run as the first process of new namespaces (see machine.mjs).
set -euo pipefail
folder=$1
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
# The public address of a server, and its name.
ip link set lo up
ip address add 203.0.113.10/32 dev lo
printf '127.0.0.1 localhost\n203.0.113.10 talk.example.org\n' >etc/hosts
# Whatever this machine starts at its own start is not meant.
rm -f etc/systemd/system/multi-user.target.wants/* usr/sbin/policy-rc.d etc/zvonilka/zvonilka.toml
exec chroot . env -i container=test PATH="$PATH" /lib/systemd/systemd --unit=basic.target --log-target=console --log-level=warning
