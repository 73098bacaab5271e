# shellcheck shell=bash
# Functions for the scripts in this folder, which run in the top folder of the repository.

say() { printf 'packaging/%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "$*"
  exit 1
}

expect() { # expect WHAT WANTED GOT
  [ "$2" = "$3" ] || die "$1: expected <$2>, got <$3>"
  say "ok: $1"
}

# Prints the version in Cargo.toml, its only source.
version_of_crate() { sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1; }

# Waits until a server has logged its address, which the pattern captures, and prints the address.
address_in() { # address_in LOG PATTERN
  local found
  for _ in $(seq 300); do
    found=$(sed -n "s|.*$2.*|\1|p" "$1" | head -n 1)
    [ -z "$found" ] || break
    sleep 0.1
  done
  [ -n "$found" ] || die "a server did not start: $(cat "$1")"
  printf '%s\n' "$found"
}

# Starts a real Pushgateway on a free port, which it logs. Adds its process ID to `started`.
started=()
start_gateway() { # start_gateway LOG [OPTION]...
  local program
  program=$(tests/fetch.sh pushgateway | tail -n 1 | cut -d ' ' -f 2-)
  "$program" --web.listen-address=127.0.0.1:0 --persistence.file= "${@:2}" >"$1" 2>&1 &
  started+=($!)
}

# Prints the port of a Pushgateway that writes to LOG.
gateway_port() { # gateway_port LOG
  address_in "$1" '[Ll]istening on.*address=127\.0\.0\.1:\([1-9][0-9]*\)'
}
