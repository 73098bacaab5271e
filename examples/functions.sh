#!/usr/bin/env bash
# Source this in a script, and set PUSHGATEWAY_URL. The function exits with the command's status. If the push fails, it
# prints the error and the job goes on.

# timed JOB COMMAND [ARG]...
timed() {
  local job=$1 start=$SECONDS status=0 success=()
  shift
  "$@" || status=$?
  # `add` replaces only metrics of the same name, so a failure keeps the time of the last success.
  [ "$status" != 0 ] || success=(-m "job_last_success_timestamp_seconds $(date +%s)")
  pushgw add -j "$job" -i "$HOSTNAME" --type gauge --quiet --timeout 10s -m "job_exit_status $status" \
    -m "job_duration_seconds $((SECONDS - start))" "${success[@]}" || true
  return "$status"
}
