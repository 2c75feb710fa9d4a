#!/usr/bin/env bash
# node-tests.sh FOLDER: runs the folder's tests, one file after another, against the server that was built.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x target/debug/zvonilka ] || { echo "target/debug/zvonilka is missing: run 'cargo build'" >&2; exit 1; }
npm --prefix "$1" ci --no-audit --no-fund
ZVONILKA_TEST_BINARY=${ZVONILKA_TEST_BINARY:-$PWD/target/debug/zvonilka} npm --prefix "$1" test
