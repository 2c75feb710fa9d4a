#!/usr/bin/env bash
# Prints the Python that has aiortc, a WebRTC of its own that takes part in group calls of the tests; makes it first, in target/tools.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/target/tools/aiortc
if ! cmp -s tests/foreign/aiortc.txt "$venv/made-of"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/foreign/aiortc.txt >&2
  cp tests/foreign/aiortc.txt "$venv/made-of"
fi
echo "$venv/bin/python"
