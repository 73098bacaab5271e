#!/usr/bin/env bash
# Downloads the servers and libraries for the tests to target/fetched/, and prints `<version> <path>` for each one.
#
#   tests/fetch.sh pushgateway | prometheus | victoria-metrics | influxdb | node-exporter | nginx | prometheus-client [SUITE]...
#   tests/fetch.sh mirrors    prints the addresses of the machine's apt sources, one per line
#
# Does not need root and installs nothing. The sources, in order:
#   PUSHGATEWAY_BIN, PROMETHEUS_BIN, VICTORIA_METRICS_BIN, INFLUXDB_BIN, NODE_EXPORTER_BIN or NGINX_BIN: if set, only
#     that program is used. promtool is next to prometheus, and vmagent next to victoria-metrics.
#   Debian: the packages of several releases (or those of SUITE) from the mirror in the machine's apt configuration,
#     verified with the Debian archive's keys. The three Pushgateways behave differently, so the tests use all of them.
#   Other systems with apt: the package of the installed release, from the system's own sources.
#   Systems without apt: the project's release archives for this platform, verified with the project's checksums.
#   A program on PATH is added to these, or used alone if they fail.
# prometheus-client is the Python library in a virtual environment. Its line has the path of python in that
# environment.
#
# FETCH_FROM=debian|distribution|release overrides the detected system, and FETCH_RELEASES_URL the address of the
# release archives. To download again, remove target/fetched/. Everything except the result goes to standard error.
set -euo pipefail

usage() {
  printf 'usage: tests/fetch.sh pushgateway | prometheus | victoria-metrics | influxdb | node-exporter | nginx | prometheus-client [SUITE]...\n' >&2
  exit 2
}

say() { printf 'tests/fetch.sh: %s\n' "$*" >&2; }

# Asks apt for the addresses, because its sources can have several formats.
mirrors() {
  apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/[a-z]*/InRelease'.*|\1|p" | awk '!seen[$0]++'
}

[ $# -gt 0 ] || usage
what=$1
shift
ask=--version

case $what in
  pushgateway)
    # 1.5.1 does not support UTF-8 names, 1.11.0 panics when it rejects a push, and sid has the newest version.
    package=prometheus-pushgateway suites='bookworm trixie sid'
    names='pushgateway prometheus-pushgateway' override=PUSHGATEWAY_BIN
    repository=prometheus/pushgateway releases='1.5.1 1.11.0 1.11.2'
    ;;
  prometheus)
    # The server and promtool, in versions 2 and 3, because these parse and lint differently.
    package=prometheus suites='bookworm sid'
    names=prometheus override=PROMETHEUS_BIN
    repository=prometheus/prometheus releases='2.42.0 3.5.3'
    ;;
  victoria-metrics)
    # The server and vmagent, which older packages do not include.
    package=victoria-metrics suites=sid
    names=victoria-metrics override=VICTORIA_METRICS_BIN
    repository='' releases=''
    ;;
  influxdb)
    package=influxdb suites=bookworm
    names=influxd override=INFLUXDB_BIN ask=version
    repository='' releases=''
    ;;
  node-exporter)
    # The textfile collector changed between these two versions.
    package=prometheus-node-exporter suites='bookworm sid'
    names=prometheus-node-exporter override=NODE_EXPORTER_BIN
    repository=prometheus/node_exporter releases='1.5.0 1.11.1'
    ;;
  nginx)
    package=nginx suites=bookworm
    names=nginx override=NGINX_BIN
    repository='' releases='' ask=-v
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
    say "$what is not available: install python3 with its venv module (Debian: apt-get install python3-venv)"
  else
    say "$what is not available: install it (Debian, Ubuntu: apt-get install $package) or set $override to its path"
  fi
  exit 1
}

# Prints the program's version, which is the first number in its output. Fails if the program does not run. Debian's
# VictoriaMetrics does not print a version.
version_of() {
  local words
  words=$("$1" "$ask" 2>&1 </dev/null) || return 1
  [[ $words =~ [0-9]+\.[0-9]+\.[0-9]+ ]] || BASH_REMATCH=(unknown)
  printf '%s\n' "${BASH_REMATCH[0]}"
}

# --- Earlier downloads ------------------------------------------------------------------------------------------

# Prints the list with absolute paths. Fails if the list or a file in it is missing. Paths in the list are relative to
# $home, so that target/ can be moved.
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

# Configures a private apt with its own lists, cache and (empty) status in $apt, so that it needs no root and does not
# change the machine. It copies only the network settings from the machine's configuration, because other settings can
# contain hooks. Signatures are verified, but expired indexes are accepted, because an outdated mirror still has the old
# releases.
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

# Other repositories can have the same layout as Debian's, so the signature must show that it is Debian's.
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

# Prints the upstream version of the last unpacked package, such as 2.42.0 for `1:2.42.0+ds-5+b6`.
upstream_version() {
  local version
  version=$(dpkg-deb -f "$work"/deb/*.deb Version)
  version=${version#*:}
  printf '%s\n' "${version%%[-+~]*}"
}

from_suite() {
  local root=$work/root version name folder
  rm -rf "$root"
  unpack "$package${1:+/$1}" "$root" || return 1
  version=$(upstream_version)
  # In later releases, promtool is a separate package.
  if [ "$what" = prometheus ] && [ ! -x "$root/usr/bin/promtool" ]; then
    unpack "promtool${1:+/$1}" "$root" || return 1
  fi
  for name in $names; do
    for folder in bin sbin; do
      [ ! -x "$root/usr/$folder/$name" ] || mv "$root/usr/$folder/$name" "$work/$what"
    done
  done
  keep "$version" "$work/$what" "$root/usr/bin/promtool" "$root/usr/bin/vmagent"
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

# Runs its arguments with the private apt configured. First tries the package lists of the last run, then updates them
# up to three times, because mirrors are unreliable.
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
      # A failing source may not matter. The download shows whether it does.
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
    # A minimal Debian has neither of them, but apt can download files.
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
      say "$base/$name.tar.gz does not match its sha256sums.txt: not used"
      return 1
    fi
    tar -xzf "$work/archive" -C "$work" >>"$log" 2>&1 || return 1
    mv "$work/$name/${repository#*/}" "$work/$what"
    keep "$version" "$work/$what" "$work/$name/promtool"
  done
}

# --- A Python library -------------------------------------------------------------------------------------------

# A minimal Debian lacks the packages from which a virtual environment gets pip. But pip can run from its wheel without
# being installed.
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

# --- Main ----------------------------------------------------------------------------------------

# Moves the programs of one version to target/fetched/ and adds it to the list: keep VERSION PROGRAM [MORE]...
keep() {
  local version=$1 place=$home/$what/$1 program
  shift
  if ! "$1" "$ask" >>"$log" 2>&1 </dev/null; then
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

# One process fetches while the others wait. Without flock, each process fetches on its own, and mv makes each result
# appear atomically.
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

# Adds the program on PATH, unless its version is already in the list.
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

# The subshell releases the lock and removes the working directory. `set -e` has no effect in a condition.
found=$(print_list || fetch) || found=''
found=$found${found:+$'\n'}$(on_path "$found")
[ -n "${found//$'\n'/}" ] || give_up
printf '%s\n' "${found%$'\n'}"
