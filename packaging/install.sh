#!/bin/sh
# Installs pushgw on Linux from a release archive, or removes it. Does not need root.
#
#   curl -fsSL "$URL/install.sh" | PUSHGW_DOWNLOAD_URL="$URL" sh
#   sh install.sh [--prefix DIR] [--uninstall]
#
# PUSHGW_DOWNLOAD_URL is the folder with the archives and SHA256SUMS: a URL or a path that begins with `/`.

set -eu

usage() {
  cat <<END
usage: sh install.sh [--prefix DIR] [--uninstall]

  --prefix DIR   install to DIR/bin and DIR/share (default: /usr/local as root, otherwise ~/.local)
  --uninstall    remove what an earlier run installed to the same DIR

PUSHGW_DOWNLOAD_URL: the folder with the archives and SHA256SUMS, a URL or a path that begins with \`/\`
END
}

say() { printf 'install.sh: %s\n' "$*"; }
die() {
  printf 'install.sh: error: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# Prints Rust's name for this machine.
machine() {
  [ "$(uname -s)" = Linux ] || die "there is no archive for $(uname -s): build pushgw with cargo"
  case $(uname -m) in
    x86_64 | amd64) echo x86_64 ;;
    aarch64 | arm64) echo aarch64 ;;
    *) die "there is no archive for $(uname -m): build pushgw with cargo" ;;
  esac
}

# download NAME FILE
download() {
  case $from in
    /*) cp "$from/$1" "$2" || die "cannot read $from/$1" ;;
    *)
      if has curl; then
        curl -fsSL --retry 2 --connect-timeout 20 --max-time 600 -o "$2" "$from/$1"
      elif has wget; then
        # -T is not used, because it crashes the wget of busybox 1.35.
        wget -q -O "$2" "$from/$1"
      else
        die 'neither curl nor wget is installed'
      fi || die "cannot download $from/$1"
      ;;
  esac
}

sha256() {
  if has sha256sum; then
    sha256sum "$1"
  elif has shasum; then
    shasum -a 256 "$1"
  else
    die 'neither sha256sum nor shasum is installed'
  fi | cut -d ' ' -f 1
}

# Downloads the archive for this machine, compares its checksum, and unpacks it to $work/files.
fetch() {
  from=${PUSHGW_DOWNLOAD_URL:-}
  from=${from%/}
  [ -n "$from" ] || die 'set PUSHGW_DOWNLOAD_URL to the folder with the archives and SHA256SUMS'
  machine=$(machine)
  download SHA256SUMS "$work/sums"
  line=$(grep "^[0-9a-f]\{64\}  pushgw-[^ /]*-$machine-unknown-linux-musl\.tar\.gz\$" "$work/sums" | head -n 1) || true
  [ -n "$line" ] || die "$from/SHA256SUMS lists no archive for $machine"
  archive=${line#*  }
  download "$archive" "$work/archive"
  [ "$(sha256 "$work/archive")" = "${line%% *}" ] ||
    die "$archive does not have the checksum in SHA256SUMS; nothing was installed"
  gzip -dc "$work/archive" | (cd "$work" && tar -xf -) || die "cannot unpack $archive"
  mv "$work/${archive%.tar.gz}" "$work/files"
  version=$("$work/files/bin/pushgw" --version) || die "the program in $archive does not run on this machine"
}

# Creates a folder below the prefix, and records all folders that did not exist before.
make_folder() {
  [ ! -d "$prefix/$1" ] || return 0
  case $1 in */*) make_folder "${1%/*}" ;; esac
  mkdir "$prefix/$1" || die "cannot create $prefix/$1"
  echo "$1/" >>"$work/installed"
}

install_files() {
  mkdir -p "$prefix" || die "cannot create $prefix"
  [ ! -f "$prefix/$record" ] || cp "$prefix/$record" "$work/before"
  # --uninstall must also remove folders that an earlier run created.
  grep '/$' "$work/before" >"$work/installed" || true
  (cd "$work/files" && find . -type f | sed 's|^\./||' | sort) >"$work/list"
  while read -r file; do
    make_folder "${file%/*}"
    # A running program can't be overwritten, but it can be replaced by renaming another file.
    cp "$work/files/$file" "$prefix/$file.new" || die "cannot write $prefix/$file.new"
    mv -f "$prefix/$file.new" "$prefix/$file" || die "cannot write $prefix/$file"
    echo "$file" >>"$work/installed"
  done <"$work/list"
  make_folder "${record%/*}"
  echo "$record" >>"$work/installed"
  cp "$work/installed" "$prefix/$record"
  # Remove files of an older version that the new version does not have.
  while read -r file; do
    grep -qxF "$file" "$work/installed" || rm -f "$prefix/$file"
  done <"$work/before"
  say "installed $version to $prefix/bin/pushgw"
  say 'man pages and shell completions are in '"$prefix/share"
  case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) say "$prefix/bin is not in PATH: add it to use \`pushgw\` without its path" ;;
  esac
}

uninstall() {
  [ -f "$prefix/$record" ] || die "install.sh did not install pushgw to $prefix (no $prefix/$record)"
  # In this order, a folder comes after its contents. It is kept if it contains other files.
  sort -r "$prefix/$record" >"$work/list"
  while read -r file; do
    case $file in
      */) rmdir "$prefix/$file" 2>/dev/null || true ;;
      *) rm -f "$prefix/$file" || die "cannot remove $prefix/$file" ;;
    esac
  done <"$work/list"
  say "removed pushgw from $prefix"
}

main() {
  prefix='' action=install
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix)
        [ -n "${2:-}" ] || die '--prefix needs a folder'
        prefix=$2
        shift
        ;;
      --prefix=?*) prefix=${1#*=} ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        exit
        ;;
      *)
        usage >&2
        exit 2
        ;;
    esac
    shift
  done
  if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
  fi
  record=share/doc/pushgw/installed-files
  umask 022
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  : >"$work/before"
  if [ "$action" = uninstall ]; then
    uninstall
  else
    fetch
    install_files
  fi
}

# A truncated script does nothing, because the shell runs this last line only if it is complete.
{ main "$@"; }
