#!/usr/bin/env bash
# Starts a small distributed store for `pushgw --remote-write` on this machine: a vmagent that writes each series to two
# of three VictoriaMetrics servers. Any two of them have all series, so one of them may fail. A server that exits is
# restarted, as under systemd, and then receives the data that it missed.
#
# Usage: examples/cluster.sh [DIRECTORY]    keeps the data in DIRECTORY (default: a new one in /tmp); Ctrl-C ends it
#
#   examples/cluster.sh
#   pushgw push -j backup -m 'backup_seconds 12.5' --remote-write http://127.0.0.1:8429
#
# Needs VictoriaMetrics and vmagent, for example from Debian's package victoria-metrics, version 1.145 or later.
# VICTORIA_METRICS and VMAGENT are the paths of the programs (default: search PATH). PORTS is a list of the port of
# vmagent and the ports of the three servers.
set -euo pipefail

victoria_metrics=${VICTORIA_METRICS:-victoria-metrics}
vmagent=${VMAGENT:-vmagent}
read -r -a ports <<<"${PORTS:-8429 8481 8482 8483}"
directory=${1:-$(mktemp -d)}
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)

say() { printf 'cluster.sh: %s\n' "$*"; }

fail() {
  printf 'cluster.sh: %s\n' "$*" >&2
  exit 1
}

# Runs a program, and restarts it whenever it exits: keep NAME PROGRAM [ARGUMENT]...
keep() {
  local name=$1 process=''
  shift
  trap 'kill "$process" 2>/dev/null; wait; exit' TERM
  while :; do
    "$@" >>"$directory/$name.log" 2>&1 &
    process=$!
    printf '%s\n' "$process" >"$directory/$name.pid"
    # Otherwise, the shell would print how the process ended.
    { wait "$process" || true; } 2>/dev/null
    say "$name ended (see $directory/$name.log): starting it again"
    sleep 1 &
    wait $!
  done
}

keepers=()
end() {
  trap - EXIT
  kill "${keepers[@]}" 2>/dev/null || true
  wait
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

is_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

[ ${#ports[@]} -eq 4 ] || fail 'PORTS needs four ports'
command -v "$victoria_metrics" >/dev/null || fail 'VictoriaMetrics is not installed: see the first lines of this script'
command -v "$vmagent" >/dev/null || fail 'vmagent is not installed: see the first lines of this script'
for port in "${ports[@]}"; do
  ! is_open "$port" || fail "port $port is in use: set PORTS to four free ports"
done

urls=()
for number in 1 2 3; do
  # If a server is killed, only the other server has the data that was not yet written to disk.
  keep "store-$number" "$victoria_metrics" -httpListenAddr="127.0.0.1:${ports[number]}" \
    -storageDataPath="$directory/store-$number" -inmemoryDataFlushInterval=1s -dedup.minScrapeInterval=1ms &
  keepers+=($!)
  urls+=("-remoteWrite.url=http://127.0.0.1:${ports[number]}/api/v1/write")
done
keep vmagent "$vmagent" -httpListenAddr="127.0.0.1:${ports[0]}" -remoteWrite.tmpDataPath="$directory/vmagent" \
  -remoteWrite.shardByURL -remoteWrite.shardByURLReplicas=2 "${urls[@]}" &
keepers+=($!)

for port in "${ports[@]}"; do
  for attempt in {1..300}; do
    ! is_open "$port" || break
    [ "$attempt" -lt 300 ] || fail "nothing listens on port $port after 30 seconds: see $directory/*.log"
    sleep 0.1
  done
done

say "data, logs and process ids are in $directory"
say "push:  pushgw push -j backup -m 'backup_seconds 12.5' --remote-write http://127.0.0.1:${ports[0]}"
say 'query, some seconds later (two of the three servers have each series):'
for number in 1 2 3; do
  say "       curl -d 'match[]={job=\"backup\"}' http://127.0.0.1:${ports[number]}/api/v1/export"
done
say 'ready: press Ctrl-C to end'
wait
