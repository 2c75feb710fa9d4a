#!/usr/bin/env bash
# deb.sh [BINARY] [FOLDER]: makes a Debian package of a server that was built (target/release/zvonilka) and writes it into a folder (target/debian).
# COMPRESSION (xz) may be gzip or none, VERSION another than in Cargo.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-target/release/zvonilka}
out=${2:-target/debian}
[ -x "$binary" ] || { echo "$binary is missing: run 'make run' once, or 'cargo build --release' after 'npm --prefix web run build'" >&2; exit 1; }
command -v dpkg-deb >/dev/null || { echo "dpkg-deb is missing: this makes packages on Debian and its kin alone" >&2; exit 1; }

version=${VERSION:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)}
architecture=$(dpkg --print-architecture)
# The C library that it was linked with is the oldest that it runs with for certain.
libc=$(ldd --version | sed -n '1s/.* //p')
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

install -D -m 755 "$binary" "$root/usr/bin/zvonilka"
strip --strip-debug "$root/usr/bin/zvonilka" 2>/dev/null || echo "strip is missing: the package keeps what debuggers need" >&2
install -D -m 644 systemd/zvonilka.service "$root/lib/systemd/system/zvonilka.service"
install -D -m 644 systemd/zvonilka.sysusers "$root/usr/lib/sysusers.d/zvonilka.conf"
for file in config/zvonilka.toml README.md README.ru.md CHANGELOG.md LICENSE; do
  install -D -m 644 "$file" "$root/usr/share/doc/zvonilka/$(basename "$file")"
done
mv "$root/usr/share/doc/zvonilka/LICENSE" "$root/usr/share/doc/zvonilka/copyright"

mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: zvonilka
Version: $version
Architecture: $architecture
Maintainer: The Zvonilka project <zvonilka@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: libc6 (>= $libc), ca-certificates, systemd
Section: net
Priority: optional
Description: messenger with calls for a family, on a machine of your own
 Chat, voice and video calls, the web client, the database and the relay for
 calls in one program. After installing: sudo zvonilka setup
CONTROL
for script in postinst prerm postrm; do
  install -m 755 "scripts/debian/$script" "$root/DEBIAN/$script"
done

mkdir -p "$out"
file="$out/zvonilka_${version}_$architecture.deb"
dpkg-deb --root-owner-group "-Z${COMPRESSION:-xz}" --build "$root" "$file" >/dev/null
echo "$file"
