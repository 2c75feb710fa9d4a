#!/usr/bin/env bash
# Makes the Debian package of the server that was built, and installs it on a machine with systemd that is made for the test of namespaces and an
# overlay over this one's files. Needs root and Debian; says so and passes where it cannot be.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in dpkg-deb systemctl systemd-analyze curl ip unshare; do
  command -v "$program" >/dev/null || { echo "left out: the package's test needs $program" >&2; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "left out: the package's test needs root" >&2; exit 0; }
probe=$(mktemp -d)
trap 'rmdir "$probe"' EXIT
unshare --fork --pid --mount --cgroup --net bash -c "mount -t tmpfs tmpfs $probe && cd $probe && mkdir u w r && mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w r &&
  mount -t proc proc r/proc && mount -t sysfs sysfs r/sys && mount -t cgroup2 cgroup2 r/sys/fs/cgroup" ||
  { echo "left out: no machine can be made of namespaces here, as said above" >&2; exit 0; }
export ZVONILKA_TEST_BINARY=${ZVONILKA_TEST_BINARY:-$PWD/target/debug/zvonilka}
[ -x "$ZVONILKA_TEST_BINARY" ] || { echo "$ZVONILKA_TEST_BINARY is missing: run 'cargo build'" >&2; exit 1; }
cd tests/package
node --test --test-concurrency=1 --test-reporter=spec --test-timeout=300000
