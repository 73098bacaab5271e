# Completion of pushgw for fish. `pushgw __complete` decides what can be typed at the cursor, and queries the gateway for
# jobs and labels.

function __pushgw_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    command -q -- $program; or set program pushgw
    # Without its quotes, of which the last one may be missing.
    set -l plain (string unescape -- $current; or string unescape -- $current\'; or string unescape -- $current\"; or echo -- $current)
    set -l lines (command $program __complete fish $words[2..] "$plain" 2>/dev/null)
    set -l kind (string split \t -- $lines[1])
    switch "$kind[1]"
        case file
            set -l path (string sub -s (math (string length -- "$kind[2]") + 1) -- $plain)
            string replace -r '^' -- "$kind[2]" (__fish_complete_path "$path")
        case command
            set -l rest (string escape -- $words[(math (count $words) - $kind[2] + 1)..])
            complete -C (string join ' ' -- $rest $current)
        case words
            printf '%s\n' $lines[2..]
    end
end

complete -c pushgw -f -a '(__pushgw_complete)'
