#!/usr/bin/env bash
# For scripts to source. The gateway is named by PUSHGATEWAY_URL. The command's exit status is passed on; a gateway that is
# away is told of on standard error and does no harm.

# timed JOB COMMAND [ARG]...
timed() {
  local job=$1 start=$SECONDS status=0 success=()
  shift
  "$@" || status=$?
  # `add` replaces only metrics of the same name: after a failure the last success stays.
  [ "$status" != 0 ] || success=(-m "job_last_success_timestamp_seconds $(date +%s)")
  pushgw add -j "$job" -i "$HOSTNAME" --type gauge --quiet --timeout 10s -m "job_exit_status $status" \
    -m "job_duration_seconds $((SECONDS - start))" "${success[@]}" || true
  return "$status"
}
