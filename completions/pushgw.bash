# shellcheck shell=bash
# Completion of pushgw for bash. `pushgw __complete` decides what can be typed at the cursor, and queries the
# gateway for jobs and labels.

_pushgw() {
  local program=${COMP_WORDS[0]/#\~\//$HOME/} kind='' rest='' line
  type -P -- "$program" >/dev/null || program=pushgw
  COMPREPLY=()
  {
    IFS=$'\t' read -r kind rest
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done
  } < <("$program" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  case $kind in
    command)
      if [ "$rest" = 0 ]; then
        while IFS= read -r line; do
          COMPREPLY+=("$line")
        done < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
      fi
      compopt -o default
      ;;
    file) compopt -o default ;;
  esac
  # A label's name is followed by its value.
  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}

complete -F _pushgw pushgw
