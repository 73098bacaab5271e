#!/usr/bin/env bash
# Puts the programs that the tests talk to under target/fetched/ and prints where they are, one a line: `<version> <path>`.
#
#   tests/fetch.sh pushgateway | prometheus | victoria-metrics | prometheus-client   [SUITE]...
#   tests/fetch.sh mirrors    only prints the addresses that the machine's apt would look at, one a line
#
# No root is needed and nothing is installed. In this order:
#   PUSHGATEWAY_BIN, PROMETHEUS_BIN or VICTORIA_METRICS_BIN, when set, is used, and nothing else.
#   Debian: the packages of several releases (SUITE names others), from the mirror that the machine's apt configuration
#     names, held to the Debian archive's keys; three Pushgateways that behave differently are worth more than one.
#   Another system with apt: its own release's package, from its own sources.
#   Elsewhere: the project's release archives for this platform, held to the checksums that the project publishes.
#   One on PATH is used too: as one more version, or as the only one where the above fails.
# prometheus-client is the Python library in a virtual environment of its own; its line names that environment's python.
#
# FETCH_FROM=debian|distribution|release overrides what the system looks like, FETCH_RELEASES_URL where the release
# archives lie. To fetch anew, remove target/fetched/. Everything but the result goes to standard error.
set -euo pipefail

usage() {
  printf 'usage: tests/fetch.sh pushgateway | prometheus | victoria-metrics | prometheus-client [SUITE]...\n' >&2
  exit 2
}

say() { printf 'tests/fetch.sh: %s\n' "$*" >&2; }

# apt reads the machine's sources in all their formats for us: these are the addresses that it would look at.
mirrors() {
  apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[a-z]*/InRelease'.*|\1|p" | awk '!seen[$0]++'
}

[ $# -gt 0 ] || usage
what=$1
shift

case $what in
  pushgateway)
    # 12's does not know UTF-8 names, 13's panics on a refused push, unstable's is the newest.
    package=prometheus-pushgateway suites='bookworm trixie sid'
    names='pushgateway prometheus-pushgateway' override=PUSHGATEWAY_BIN
    repository=prometheus/pushgateway releases='1.5.1 1.11.0 1.11.2'
    ;;
  prometheus)
    # The server, with promtool beside it; one of each generation, since version 3 parses and lints in other ways.
    package=prometheus suites='bookworm sid'
    names=prometheus override=PROMETHEUS_BIN
    repository=prometheus/prometheus releases='2.42.0 3.5.3'
    ;;
  victoria-metrics)
    package=victoria-metrics suites=trixie
    names=victoria-metrics override=VICTORIA_METRICS_BIN
    repository='' releases=''
    ;;
  prometheus-client)
    package=python3-pip-whl suites=''
    names='' override=''
    repository='' releases=''
    ;;
  mirrors)
    mirrors
    exit
    ;;
  *) usage ;;
esac
[ $# -eq 0 ] || suites=$*

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=${CARGO_TARGET_DIR:-$repo/target}
mkdir -p "$home/fetched"
home=$(cd "$home/fetched" && pwd)
list=$home/$what${suites:+-${suites// /+}}${FETCH_FROM:+-$FETCH_FROM}.list
log=$home/$what.log

give_up() {
  if [ -s "$log" ]; then
    say "the last lines of $log:"
    tail -n 12 "$log" >&2
  fi
  if [ "$what" = prometheus-client ]; then
    say "no $what to be had: install python3 with its venv module (Debian: apt-get install python3-venv)"
  else
    say "no $what to be had: install it (Debian, Ubuntu: apt-get install $package) or set $override to its path"
  fi
  exit 1
}

# The first thing in the program's words about itself that looks like a version; fails if it does not run.
version_of() {
  local words
  words=$("$1" --version 2>&1 </dev/null) || return 1
  [[ $words =~ [0-9]+\.[0-9]+\.[0-9]+ ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

# --- What was fetched before ------------------------------------------------------------------------------------

# Prints the list with whole paths. Fails if there is none, or if it names what is gone. Paths stand in it as seen
# from $home, so that target/ can be moved.
print_list() {
  local version path
  [ -s "$list" ] || return 1
  while read -r version path; do
    [ -x "$home/$path" ] || return 1
  done <"$list"
  while read -r version path; do
    printf '%s %s\n' "$version" "$home/$path"
  done <"$list"
}

# --- Packages ---------------------------------------------------------------------------------------------------

# An apt of our own: its lists, cache and (empty) record of what is installed lie in $apt, so that neither root nor the
# machine's state is touched. Of the machine's configuration it takes how to reach the network; the rest can hold hooks
# that act on the machine. Signatures are checked as ever, but an index may be past its date: a mirror that stands still
# has what we came for, which is old releases.
private_apt() {
  apt=$home/apt-$from
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  {
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets\|^Acquire::Languages'
    printf '%s\n' \
      'Acquire::Languages "none";' \
      'Acquire::Retries "3";' \
      'Acquire::Check-Valid-Until "false";' \
      "APT::Architectures \"$(dpkg --print-architecture)\";" \
      'APT::Sandbox::User "";' \
      "Dir::State \"$apt\";" \
      "Dir::State::status \"$apt/status\";" \
      "Dir::Cache \"$apt/cache\";" \
      'Dir::Cache::srcpkgcache "";' \
      'Acquire::GzipIndexes "true";' \
      'Dir::Etc::main "/dev/null";' \
      'Dir::Etc::parts "/dev/null";' \
      'Dir::Etc::preferences "/dev/null";' \
      'Dir::Etc::preferencesparts "/dev/null";'
    if [ "$from" = debian ]; then
      printf '%s\n' "Dir::Etc::sourcelist \"$apt/sources.list\";" 'Dir::Etc::sourceparts "/dev/null";'
    fi
  } >"$apt/apt.conf"
}

# A third party's repository can be laid out as Debian's own; the signature tells which is which.
debian_sources() {
  local keyring suite
  for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    [ ! -e "$keyring" ] || break
  done
  # shellcheck disable=SC2086 # several words are several suites
  for suite in $(printf '%s\n' bookworm trixie sid $suites | LC_ALL=C sort -u); do
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$1" "$suite"
  done >"$apt/sources.list"
}

# Unpacks a package: unpack PACKAGE[/SUITE] DIRECTORY
unpack() {
  rm -rf "$work/deb"
  mkdir -p "$work/deb" "$2"
  (cd "$work/deb" && APT_CONFIG=$apt/apt.conf timeout 300 apt-get -q download "$1") >>"$log" 2>&1 || return 1
  dpkg-deb -x "$work"/deb/*.deb "$2" >>"$log" 2>&1
}

# The upstream version of the package that was unpacked last: `1:2.42.0+ds-5+b6` is 2.42.0.
upstream_version() {
  local version
  version=$(dpkg-deb -f "$work"/deb/*.deb Version)
  version=${version#*:}
  printf '%s\n' "${version%%[-+~]*}"
}

from_suite() {
  local root=$work/root version name
  rm -rf "$root"
  unpack "$package${1:+/$1}" "$root" || return 1
  version=$(upstream_version)
  # Later releases have promtool in a package of its own.
  if [ "$what" = prometheus ] && [ ! -x "$root/usr/bin/promtool" ]; then
    unpack "promtool${1:+/$1}" "$root" || return 1
  fi
  for name in $names; do
    [ ! -x "$root/usr/bin/$name" ] || mv "$root/usr/bin/$name" "$work/$what"
  done
  keep "$version" "$work/$what" "$root/usr/bin/promtool"
}

from_suites() {
  local suite
  : >"$work/list"
  if [ "$from" = debian ]; then
    for suite in $suites; do
      from_suite "$suite" || return 1
    done
  else
    from_suite ''
  fi
}

# Calls its arguments with the private apt ready. Mirrors are flaky: three rounds, the first with the lists as they
# lie there from the last time.
with_apt() {
  local attempt mirror
  command -v apt-get >/dev/null || return 1
  private_apt
  if [ -e "$apt/ready" ] && "$@"; then
    return
  fi
  for attempt in 1 2 3; do
    [ "$attempt" = 1 ] || sleep $((attempt * 3))
    say "reading package lists (attempt $attempt of 3)"
    if [ "$from" = distribution ]; then
      # A single source that is away need not matter: the download decides.
      APT_CONFIG=$apt/apt.conf timeout 300 apt-get -q update >>"$log" 2>&1 || true
      : >"$apt/ready"
      ! "$@" || return 0
      continue
    fi
    for mirror in $(mirrors); do
      debian_sources "$mirror"
      APT_CONFIG=$apt/apt.conf timeout 300 apt-get -q update -o APT::Update::Error-Mode=any >>"$log" 2>&1 || continue
      : >"$apt/ready"
      ! "$@" || return 0
    done
  done
  return 1
}

# --- Release archives -------------------------------------------------------------------------------------------

platform() {
  local system machine
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  machine=$(uname -m)
  case $machine in
    x86_64) machine=amd64 ;;
    aarch64) machine=arm64 ;;
    i?86) machine=386 ;;
    armv7*) machine=armv7 ;;
  esac
  printf '%s-%s\n' "$system" "$machine"
}

download() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 --connect-timeout 20 --max-time 600 -o "$2" "$1" 2>>"$log"
  elif command -v wget >/dev/null; then
    wget -q --tries=3 --timeout=60 -O "$2" "$1" 2>>"$log"
  else
    # A bare Debian has neither of them, but its apt has a downloader.
    rm -f "$2"
    /usr/lib/apt/apt-helper -o APT::Sandbox::User= download-file "$1" "$2" >>"$log" 2>&1
  fi
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d ' ' -f 1
}

from_releases() {
  local version name base sum
  [ -n "$repository" ] || return 1
  : >"$work/list"
  for version in $releases; do
    name=${repository#*/}-$version.$(platform)
    base=${FETCH_RELEASES_URL:-https://github.com}/$repository/releases/download/v$version
    say "downloading $name"
    download "$base/sha256sums.txt" "$work/sums" || return 1
    download "$base/$name.tar.gz" "$work/archive" || return 1
    sum=$(awk -v name="$name.tar.gz" '$2 == name || $2 == "*" name { print $1 }' "$work/sums")
    if [ -z "$sum" ] || [ "$(sha256 "$work/archive")" != "$sum" ]; then
      say "$base/$name.tar.gz is not what its sha256sums.txt says: not used"
      return 1
    fi
    tar -xzf "$work/archive" -C "$work" >>"$log" 2>&1 || return 1
    keep "$version" "$work/$name/$what" "$work/$name/promtool"
  done
}

# --- A Python library -------------------------------------------------------------------------------------------

# Debian keeps the pip that a virtual environment begins with in packages that a bare machine lacks. pip also runs
# from its wheel, which needs no installing.
venv_with_pip_from_package() {
  local wheel suite
  "$python" -m venv --without-pip "$venv" >>"$log" 2>&1 || return 1
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  case $from/$suite in
    debian/bookworm | debian/trixie) suite=/$suite ;;
    debian/*) suite=/sid ;;
    *) suite='' ;;
  esac
  with_apt unpack "$package$suite" "$work/root" || return 1
  wheel=$(find "$work/root" -name 'pip-*.whl' | head -n 1)
  PYTHONPATH=$wheel "$venv/bin/python" -m pip install -q prometheus-client >>"$log" 2>&1
}

from_pypi() {
  local python version
  venv=$home/$what
  python=$(command -v python3) || return 1
  rm -rf "$venv"
  if "$python" -m venv "$venv" >>"$log" 2>&1; then
    "$venv/bin/python" -m pip install -q prometheus-client >>"$log" 2>&1 || return 1
  else
    rm -rf "$venv"
    venv_with_pip_from_package || return 1
  fi
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("prometheus-client"))') || return 1
  printf '%s %s\n' "$version" "$what/bin/python" >"$work/list"
}

# --- Putting it together ----------------------------------------------------------------------------------------

# Moves the programs of one version into their place and adds it to the list: keep VERSION PROGRAM [MORE]...
keep() {
  local version=$1 place=$home/$what/$1 program
  shift
  if ! "$1" --version >>"$log" 2>&1 </dev/null; then
    say "$what $version does not run on this machine"
    return 1
  fi
  mkdir -p "$place"
  for program in "$@"; do
    [ ! -x "$program" ] || mv -f "$program" "$place/"
  done
  grep -q "^$version " "$work/list" || printf '%s %s\n' "$version" "$what/$version/$what" >>"$work/list"
}

looks_like() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    printf 'release\n'
  elif grep -qx 'ID="\{0,1\}debian"\{0,1\}' /etc/os-release; then
    printf 'debian\n'
  else
    printf 'distribution\n'
  fi
}

# One fetches while the others wait for what it finds. Without flock each fetches for itself: what is put in place by
# mv is whole, whoever comes first.
fetch() {
  if command -v flock >/dev/null; then
    exec 9>"$home/lock"
    flock -w 900 9 || return 1
    ! print_list || return 0
  fi
  : >"$log"
  work=$(mktemp -d "$home/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  from=${FETCH_FROM:-$(looks_like)}
  say "fetching $what into $home"
  case $what/$from in
    prometheus-client/*) from_pypi ;;
    */debian | */distribution) with_apt from_suites ;;
    */release) from_releases ;;
    *) usage ;;
  esac || return 1
  mv "$work/list" "$list"
  print_list
}

# PATH's own, unless it is a version that is there already.
on_path() {
  local name path version
  for name in $names; do
    if path=$(command -v "$name") && version=$(version_of "$path"); then
      grep -q "^$version " <<<"$1" || printf '%s %s\n' "$version" "$path"
      return
    fi
  done
}

if [ -n "$override" ] && [ -n "${!override:-}" ]; then
  if ! version=$(version_of "${!override}"); then
    say "$override=${!override} does not run"
    exit 1
  fi
  printf '%s %s\n' "$version" "${!override}"
  exit
fi

# In a subshell, so that the lock and the working directory go with it; `set -e` does not reach into a condition.
found=$(print_list || fetch) || found=''
found=$found${found:+$'\n'}$(on_path "$found")
[ -n "${found//$'\n'/}" ] || give_up
printf '%s\n' "${found%$'\n'}"
