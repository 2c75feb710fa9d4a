#!/usr/bin/env bash
# Runs every check, in the order in which a person would want to know: style, lints, licences, server, web client, and both together in
# a browser. Stops at the first that fails; says how long each took.
set -euo pipefail
cd "$(dirname "$0")/.."

started=$SECONDS
step() {
  local name=$1 from=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@" || { local code=$?; printf '\n== FAILED: %s (after %d s)\n' "$name" $((SECONDS - from)) >&2; exit "$code"; }
  times+=("$(printf '%5d s  %s' $((SECONDS - from)) "$name")")
}
times=()

deny() {
  # Built without optimisation: it runs for seconds and would compile for minutes.
  if ! command -v cargo-deny >/dev/null && ! [ -x target/tools/bin/cargo-deny ]; then
    cargo install cargo-deny --version 0.20.2 --locked --debug --root target/tools --quiet
  fi
  PATH="$PWD/target/tools/bin:$PATH" cargo deny --log-level error check bans licenses sources
}

# The client's types are generated from the server's own description of its API.
schema_is_current() {
  local kept
  kept=$(mktemp)
  cp web/src/api/schema.ts "$kept"
  target/debug/zvonilka openapi | npm --prefix web run --silent schema
  diff -u "$kept" web/src/api/schema.ts || {
    echo "web/src/api/schema.ts was not what the server says; it is rewritten, commit it" >&2
    return 1
  }
  rm "$kept"
}

step "what the tests need" scripts/install-test-deps.sh
step "format" cargo fmt --all --check
step "lints" cargo clippy --workspace --all-targets --locked -- -D warnings
step "licences and sources" deny
step "web: packages" npm --prefix web ci --no-audit --no-fund
step "web: types" npm --prefix web run check
step "web: tests" npm --prefix web test
step "web: build" npm --prefix web run build
# This builds target/debug/zvonilka too, with which the steps below work; `cargo build` would compile half of it again, with fewer features.
step "server and relay, on SQLite and PostgreSQL" scripts/with-postgres.sh cargo test --workspace --locked
step "fuzzing" scripts/fuzz.sh
step "web: types are those of the server" schema_is_current
step "foreign clients, server on SQLite" scripts/node-tests.sh tests/foreign
step "foreign clients, server on PostgreSQL" scripts/with-postgres.sh scripts/node-tests.sh tests/foreign
step "browser" scripts/node-tests.sh tests/browser
step "networks" scripts/lab-tests.sh
step "package, set up as a service" scripts/package-tests.sh

printf '\nAll passed in %d s:\n' $((SECONDS - started))
printf '%s\n' "${times[@]}"
