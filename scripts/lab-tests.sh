#!/usr/bin/env bash
# Runs the tests that need a network with routers in it: browsers behind NATs and poor links, the server on a public address of that network.
# Everything is in network namespaces made here and taken away again. Needs root, iproute2 and nftables; says so and passes where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in ip tc nft; do
  command -v "$program" >/dev/null || { echo "left out: the lab needs $program" >&2; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "left out: the lab needs root" >&2; exit 0; }
export ZVONILKA_TEST_BINARY=${ZVONILKA_TEST_BINARY:-$PWD/target/debug/zvonilka}
[ -x "$ZVONILKA_TEST_BINARY" ] || { echo "$ZVONILKA_TEST_BINARY is missing: run 'cargo build'" >&2; exit 1; }

lab=$PWD/tests/lab/netns-lab.sh
trap '"$lab" down --kill' EXIT
npm --prefix tests/browser ci --no-audit --no-fund --silent
cd tests/lab
# Each test changes its lab, so each has a new one. Its own process is beside the server, so that it reaches it; browsers are started elsewhere.
for test in *.test.mjs; do
  "$lab" up a=symmetric b=cone
  ip netns exec zv-pub node --test --test-reporter=spec --test-timeout=480000 "$test"
done
