#!/usr/bin/env bash
# Runs the fuzz targets in tests/it/fuzz/targets.rs with libFuzzer, one after the other. Needs a C++ compiler, but not a
# nightly toolchain.
#
# Usage: tests/fuzz.sh [TARGET]...      default: all of fuzz/targets/
#        FUZZ_SECONDS=600               time for each target; default: 60
#
# target/fuzz/corpus/ keeps the inputs that reach new code, for the next run. Failing inputs are written to
# target/fuzz/TARGET-*. To run one of them again: target/fuzz/TRIPLE/release/TARGET FILE
#
# This is not part of .ci/run, because it takes longer than everything there. The tests run the same targets with few
# inputs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')
if [ $# -eq 0 ]; then
  for file in fuzz/targets/*.rs; do
    name=${file##*/}
    set -- "$@" "${name%.rs}"
  done
fi

# These are the flags that `cargo fuzz` sets without a sanitizer. With --target, they do not apply to build scripts.
coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1'
RUSTFLAGS=${coverage//$'\n'/ } cargo build --release --locked --manifest-path fuzz/Cargo.toml \
  --target "$triple" --target-dir "$target"

failed=''
for name; do
  seeds=()
  case $name in
    api) seeds=(tests/data/groups/*.json) ;;
    metrics) seeds=(tests/data/groups/*.txt) ;;
    *) seeds=(fuzz/seeds/"$name"/*) ;;
  esac
  mkdir -p "$target/corpus/$name"
  cp -n "${seeds[@]}" "$target/corpus/$name/"
  printf '=== %s, for %s s\n' "$name" "${FUZZ_SECONDS:-60}"
  "$target/$triple/release/$name" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=8192 -timeout=30 \
    -rss_limit_mb=2048 -artifact_prefix="$target/$name-" "$target/corpus/$name" || failed+=" $name"
done
if [ -n "$failed" ]; then
  printf 'tests/fuzz.sh: failed:%s\n' "$failed" >&2
  exit 1
fi
