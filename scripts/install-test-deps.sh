#!/usr/bin/env bash
# Makes sure that this machine has what `make test` needs besides cargo and Node: two browsers, a database server, foreign TURN and WebRTC clients,
# certificates and an authority for them, routers, systemd.
# As root it installs what is missing through apt; otherwise it says what to install.
set -euo pipefail

# Debian's servers are not in PATH; Chromium may have another name.
postgres_bin() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
chromium_bin() { [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
firefox_bin() { [ -n "${FIREFOX:-}" ] || command -v firefox-esr >/dev/null || command -v firefox >/dev/null; }

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
postgres_bin || missing+=(postgresql)
chromium_bin || missing+=(chromium)
firefox_bin || missing+=(firefox-esr)
command -v turnutils_uclient >/dev/null || missing+=(coturn)
command -v openssl >/dev/null || missing+=(openssl)
command -v pebble >/dev/null && command -v pebble-challtestsrv >/dev/null || missing+=(pebble)
command -v certutil >/dev/null || missing+=(libnss3-tools)
command -v g++ >/dev/null || missing+=(g++)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
# Routers and poor links between browsers, for whoever may make them.
if [ "$(id -u)" -eq 0 ]; then
  command -v ip >/dev/null && command -v tc >/dev/null || missing+=(iproute2)
  command -v nft >/dev/null || missing+=(nftables)
  # A machine to install the package on.
  command -v systemd-analyze >/dev/null && [ -x /lib/systemd/systemd ] || missing+=(systemd)
  command -v curl >/dev/null || missing+=(curl)
fi

command -v cargo >/dev/null || { echo "cargo is missing: see https://rustup.rs" >&2; exit 1; }
node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null ||
  { echo "Node.js 20.19 or newer is missing: see https://nodejs.org" >&2; exit 1; }
cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 || rustup component add clippy rustfmt

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "The tests need programs that are not here. Install what your system calls: ${missing[*]}" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "The tests need programs that are not here. Install them with:" >&2
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A package that starts its server when it is installed would take port 3478 or 5432.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
