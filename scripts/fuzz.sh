#!/usr/bin/env bash
# fuzz.sh [SECONDS]: runs every fuzz target of relay/fuzz: first over the inputs that once made it fail, then for SECONDS (10) each on new ones.
# An input that makes a target fail is written to relay/fuzz/regressions/TARGET: commit it with what mends it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}

if ! command -v cargo-fuzz >/dev/null && ! [ -x target/tools/bin/cargo-fuzz ]; then
  cargo install cargo-fuzz --version 0.13.2 --locked --debug --root target/tools --quiet
fi
export PATH="$PWD/target/tools/bin:$PATH" CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz

# Without a sanitizer, as it takes a nightly compiler; there is no unsafe code here for it to watch.
options=(--fuzz-dir relay/fuzz --sanitizer none)
cargo fuzz build "${options[@]}" 2>&1 | grep -v "^ *Compiling" >&2
for target in $(cargo fuzz list --fuzz-dir relay/fuzz); do
  corpus=$CARGO_TARGET_DIR/corpus/$target regressions=relay/fuzz/regressions/$target
  mkdir -p "$corpus" "$regressions"
  cargo fuzz run "${options[@]}" "$target" "$corpus" "$regressions" -- \
    -len_control=10 -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=1024 -artifact_prefix="$PWD/$regressions/" >"$corpus.log" 2>&1 ||
    { tail -n 60 "$corpus.log" >&2; exit 1; }
  printf '%12d inputs  %s\n' "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$corpus.log")" "$target"
done
