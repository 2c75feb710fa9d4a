#!/usr/bin/env bash
# with-postgres.sh COMMAND…: runs the command with a PostgreSQL of its own on a free loopback port, whose URL is in
# ZVONILKA_TEST_POSTGRES, and stops and removes it afterwards, however the command ends.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND…" >&2; exit 2; }

bin=$(dirname "$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
[ -x "$bin/initdb" ] || { echo "PostgreSQL is missing: run scripts/install-test-deps.sh" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as=()
dir=$(mktemp -d "${TMPDIR:-/tmp}/zvonilka-postgres.XXXXXX")
if [ "$(id -u)" -eq 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$dir"
  as=(runuser -u "$user" --)
fi

stop() {
  (cd / && "${as[@]}" "$bin/pg_ctl" -D "$dir/db" -m immediate -w stop) >/dev/null 2>&1 || true
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd_root() { (cd / && "$@"); }
free_port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });'; }

cd_root "${as[@]}" "$bin/initdb" -D "$dir/db" -A trust -U zvonilka -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
# Another process may take the port between the question and the start.
for attempt in 1 2 3; do
  port=$(free_port)
  options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$dir/db -c max_connections=200 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
  if cd_root "${as[@]}" "$bin/pg_ctl" -D "$dir/db" -l "$dir/db/server.log" -w -t 30 -o "$options" start >/dev/null 2>&1; then break; fi
  if [ "$attempt" = 3 ]; then cat "$dir/db/server.log" >&2; exit 1; fi
done

export ZVONILKA_TEST_POSTGRES="postgres://zvonilka@127.0.0.1:$port/postgres"
"$@"
