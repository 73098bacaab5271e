#!/usr/bin/env bash
# Tests the ways to install in docs/install.md:
#
#   cargo install --path . --locked
#   cargo deb --locked
#     The package is checked with lintian, and installed, used and purged in clean Debian roots.
#   cargo build --release --locked --bin pushgw --target x86_64-unknown-linux-musl
#     The static program is used in an empty root. Skipped without musl-tools and Rust's target:
#     rustup target add x86_64-unknown-linux-musl
#
# Usage: tests/package.sh [SUITE]...      default: bookworm
#
# Needs root, debootstrap and lintian (apt-get install debootstrap lintian), and cargo-deb, which it builds into
# target/tools/ if it is not installed. It creates the roots once, from the mirror in the machine's apt configuration,
# and keeps them as archives in target/fetched/. DEB=FILE tests only that package.
#
# Not part of .ci/run: it takes longer than everything there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'tests/package.sh: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

[ $# -gt 0 ] || set -- bookworm
[ "$(id -u)" = 0 ] || die 'run this as root: it creates clean roots'
for tool in debootstrap lintian dpkg-deb; do
  command -v $tool >/dev/null || die "$tool is not installed: apt-get install debootstrap lintian"
done

target=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$target/fetched"
work=$(mktemp -d)
gateway=''
end() {
  [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
  # Never delete through a mount.
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap end EXIT

# --- The package --------------------------------------------------------------------------------------------------

from_source=''
if [ -z "${DEB:-}" ]; then
  from_source=yes
  if ! command -v cargo-deb >/dev/null; then
    export PATH="$target/tools/bin:$PATH"
    command -v cargo-deb >/dev/null || cargo install --locked cargo-deb --root "$target/tools"
  fi
  DEB=$(cargo deb --locked | tail -n 1)
fi
say "the package: $DEB"
dpkg-deb --info "$DEB"
dpkg-deb --contents "$DEB"
lintian --version
lintian --allow-root --tag-display-limit 0 --fail-on error,warning --display-info --pedantic "$DEB"

# --- A clean root -------------------------------------------------------------------------------------------------

# Unpacks the root of a suite to $work/root, with the shells for their completions and man-db for the man pages.
clean_root() {
  local archive=$target/fetched/root-$1.tar mirror
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work/root"
  mkdir "$work/root"
  if [ ! -s "$archive" ]; then
    for mirror in $(tests/fetch.sh mirrors); do
      say "making a root of $1"
      if debootstrap --variant=minbase --include=bash-completion,fish,man-db,zsh "$1" "$work/root" "$mirror" >"$work/log" 2>&1; then
        tar -C "$work/root" -cf "$archive.new" .
        mv "$archive.new" "$archive"
        return
      fi
      rm -rf --one-file-system "$work/root"
      mkdir "$work/root"
    done
    tail -n 20 "$work/log" >&2
    die "cannot create a root of $1"
  fi
  tar -C "$work/root" -xf "$archive"
}

inside() { chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

# All files except the records and caches of the package tools, which a purge leaves.
files() {
  (cd "$work/root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \
    -o -path ./proc -o -path ./tmp -o -path ./run -o -path ./root \) -prune -o -print | sort)
}

expect() { # expect WHAT WANTED GOT
  [ "$2" = "$3" ] || die "$1: expected <$2>, got <$3>"
  say "ok: $1"
}

# --- The gateway --------------------------------------------------------------------------------------------------

# The gateway chooses a free port and logs it.
start_gateway() {
  local program
  program=$(tests/fetch.sh pushgateway | tail -n 1 | cut -d ' ' -f 2-)
  "$program" --web.listen-address=127.0.0.1:0 --persistence.file= >"$work/gateway.log" 2>&1 &
  gateway=$!
  for _ in $(seq 300); do
    url=$(sed -n 's|.*[Ll]istening on.*address=\(127\.0\.0\.1:[1-9][0-9]*\).*|http://\1|p' "$work/gateway.log")
    [ -z "$url" ] || return 0
    kill -0 "$gateway" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/gateway.log" >&2
  die 'the gateway did not start'
}
start_gateway

# --- Use ----------------------------------------------------------------------------------------------------------

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

works() { # works WHAT PUSHGW...
  local what=$1
  shift
  expect "$what: --version" "pushgw $version" "$("$@" --version)"
  expect "$what: a push" '' "$("$@" push -g "$url" -j try -m 'a 1' 2>&1)"
  expect "$what: the stored group" /metrics/job/try "$("$@" list -g "$url" -j try --format path)"
  expect "$what: a deletion" '' "$("$@" delete -g "$url" -j try 2>&1)"
}

# --- From source --------------------------------------------------------------------------------------------------

static() {
  local triple
  triple=$(uname -m)-unknown-linux-musl
  if ! rustup target list --installed 2>/dev/null | grep -qx "$triple" || ! command -v musl-gcc >/dev/null; then
    say "skipped: a static program needs \`rustup target add $triple\` and musl-tools"
    return 0
  fi
  cargo build --release --locked --bin pushgw --target "$triple"
  mkdir "$work/empty"
  cp "$target/$triple/release/pushgw" "$work/empty/"
  # By name, because a DNS lookup in a static glibc program would need the system's modules, which are missing here.
  url=${url/127.0.0.1/localhost} works 'static, in an empty root' chroot "$work/empty" /pushgw
}

if [ -n "$from_source" ]; then
  cargo install --path . --locked --root "$work/installed"
  works 'cargo install' "$work/installed/bin/pushgw"
  static
fi

# --- Install, use, purge ------------------------------------------------------------------------------------------

try() {
  local suite=$1 page
  clean_root "$suite"
  # bash's process substitution needs /proc.
  mount -t proc proc "$work/root/proc"
  files >"$work/before"
  cp "$DEB" "$work/root/tmp/pushgw.deb"
  # By apt without package sources: the dependencies are in the minimal system.
  : >"$work/root/etc/apt/sources.list"
  inside apt-get -q -y install /tmp/pushgw.deb

  works "$suite" inside pushgw
  for page in man/*.1; do
    page=$(basename "$page" .1)
    expect "$suite: man -w $page" "/usr/share/man/man1/$page.1.gz" "$(inside man -w "$page")"
  done

  # Each shell must find the completions without configuration.
  # shellcheck disable=SC2016 # the shell inside expands it
  expect "$suite: bash" status "$(inside bash --norc -c '. /usr/share/bash-completion/bash_completion
    _completion_loader pushgw || [ $? = 124 ]
    COMP_WORDS=(pushgw stat) COMP_CWORD=1 COMP_LINE="pushgw stat" COMP_POINT=11
    command=$(complete -p pushgw | sed "s/.*-F \([^ ]*\).*/\1/")
    "$command" pushgw stat pushgw
    echo ${COMPREPLY[*]}')"
  # shellcheck disable=SC2016
  expect "$suite: zsh" _pushgw "$(inside zsh -f -c 'autoload -Uz compinit && compinit -D -u && echo ${_comps[pushgw]}')"
  expect "$suite: fish" status "$(inside fish -c 'complete -C "pushgw stat"' | cut -f 1)"

  inside apt-get -q -y purge pushgw
  rm -f "$work/root/tmp/pushgw.deb"
  files >"$work/after"
  diff "$work/before" "$work/after" || die "$suite: the purge left or removed other files"
  say "ok: $suite: the purge left nothing"
}

for suite in "$@"; do
  try "$suite"
done
