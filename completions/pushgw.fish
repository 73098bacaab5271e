# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pushgw_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_pushgw_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pushgw_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pushgw_using_subcommand
    set -l cmd (__fish_pushgw_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pushgw -n "__fish_pushgw_needs_command" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_needs_command" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_needs_command" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_needs_command" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_needs_command" -s V -l version -d 'Print the version'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "push" -d 'Replace a group\'s metrics (HTTP PUT)'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "add" -d 'Replace only those metrics of a group that are pushed (HTTP POST)'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "delete" -d 'Delete one group, or all groups of a selection (HTTP DELETE)'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "list" -d 'List the gateway\'s groups: how large, how old, in which state'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "show" -d 'Print groups\' metrics as text that can be pushed again'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "status" -d 'Tell whether the gateway works, and how to heal it if not'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "check" -d 'Check metrics without sending them; needs no gateway'
complete -c pushgw -n "__fish_pushgw_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s j -l job -d 'The group\'s job' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s l -l label -d 'One more label of the group\'s key; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s i -l instance -d 'Short for -l instance=VALUE' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l url -d 'A whole group URL, as in a curl script' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l groups -d 'Push each group of a file that `pushgw show` printed' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s m -l metric -d 'A line of metrics, as \'example_metric 4421\'' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l type -d 'Type where there is none: gauge, counter or untyped' -r -f -a "gauge\t'A value that goes up and down'
counter\t'A value that only goes up'
untyped\t'A value of which nothing is known'"
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l max-diagnostics -d 'Show at most this many problems; the rest is counted' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l message-format -d 'Problems: human, short, json or github' -r -f -a "human\t'With the line and a mark under the fault'
short\t'`file:line:column: severity: message`'
json\t'One object a line'
github\t'Workflow commands of GitHub Actions'"
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l strip-timestamps -d 'Drop timestamps, which the gateway refuses'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l allow-empty -d 'Take input without samples, which empties the group'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l no-fix -d 'Do not repair: what would have been repaired is an error'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l strict -d 'Warnings are errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l utf8-names -d 'The gateway runs with --push.enable-utf8-names'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s n -l dry-run -d 'Print the request and send nothing'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l diff -d 'With -n: print what would change in the group'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -l as-curl -d 'Print the curl command instead; send nothing'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand push" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s j -l job -d 'The group\'s job' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s l -l label -d 'One more label of the group\'s key; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s i -l instance -d 'Short for -l instance=VALUE' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l url -d 'A whole group URL, as in a curl script' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l groups -d 'Push each group of a file that `pushgw show` printed' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s m -l metric -d 'A line of metrics, as \'example_metric 4421\'' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l type -d 'Type where there is none: gauge, counter or untyped' -r -f -a "gauge\t'A value that goes up and down'
counter\t'A value that only goes up'
untyped\t'A value of which nothing is known'"
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l max-diagnostics -d 'Show at most this many problems; the rest is counted' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l message-format -d 'Problems: human, short, json or github' -r -f -a "human\t'With the line and a mark under the fault'
short\t'`file:line:column: severity: message`'
json\t'One object a line'
github\t'Workflow commands of GitHub Actions'"
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l strip-timestamps -d 'Drop timestamps, which the gateway refuses'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l allow-empty -d 'Take input without samples, which empties the group'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l no-fix -d 'Do not repair: what would have been repaired is an error'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l strict -d 'Warnings are errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l utf8-names -d 'The gateway runs with --push.enable-utf8-names'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s n -l dry-run -d 'Print the request and send nothing'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l diff -d 'With -n: print what would change in the group'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -l as-curl -d 'Print the curl command instead; send nothing'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand add" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s j -l job -d 'The group\'s job' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s l -l label -d 'One more label of the group\'s key; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s i -l instance -d 'Short for -l instance=VALUE' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l url -d 'A whole group URL, as in a curl script' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l match -d 'By a label: NAME=VALUE, !=, =~REGEX or !~' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l older-than -d 'Last successful push older than this, or none' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l format -d 'Print the selected groups: table, json or path' -r -f -a "table\t'For people'
json\t'One array'
path\t'One path a line'"
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s f -l force -d 'Delete without looking whether the group is there'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l utf8-names -d 'The gateway runs with --push.enable-utf8-names'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l failed -d 'Last push failed'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l all -d 'Every group'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s y -l yes -d 'Delete the selected groups without asking'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s n -l dry-run -d 'Say what would be deleted and delete nothing'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand delete" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s j -l job -d 'Groups of this job; short for --match job=JOB' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l match -d 'By a label: NAME=VALUE, !=, =~REGEX or !~' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l older-than -d 'Last successful push older than this, or none' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l sort -d 'Sort by group, age or series' -r -f -a "group\t'By job, then by the other labels'
age\t'Oldest push first; those that never had one come before'
series\t'Most series first'"
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l watch -d 'Look again every so many seconds [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l format -d 'Print as table, json or path' -r -f -a "table\t'For people'
json\t'One array'
path\t'One path a line'"
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l failed -d 'Last push failed'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -l metrics -d 'Show each group\'s metrics, with type and series'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand list" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s j -l job -d 'The group\'s job' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s l -l label -d 'One more label of the group\'s key; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s i -l instance -d 'Short for -l instance=VALUE' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l url -d 'A whole group URL, as in a curl script' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l match -d 'By a label: NAME=VALUE, !=, =~REGEX or !~' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l older-than -d 'Last successful push older than this, or none' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l utf8-names -d 'The gateway runs with --push.enable-utf8-names'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l failed -d 'Last push failed'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l all -d 'Every group'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand show" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s g -l gateway -d 'The gateway [default: http://localhost:9091]' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l timeout -d 'How long the request may take, all in all [default: 30s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l connect-timeout -d 'How long one try may take to connect [default: 5s]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l retries -d 'How often to try again [default: 2]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s u -l user -d 'The user, for basic authentication' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l password-file -d 'The file with the password' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l bearer-token-file -d 'The file with a bearer token' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s H -l header -d 'One more header; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l ca-cert -d 'Trust the authorities in this PEM file besides the system\'s' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l cert -d 'The client\'s certificate, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l key -d 'Its private key, a PEM file' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l proxy -d 'The proxy, such as http://proxy:3128' -r -f
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l unix-socket -d 'Connect to this socket in the file system' -r -F
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l compress -d 'How a push is packed: none or gzip [default: none]' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l format -d 'Print as table or json' -r -f -a "table\t'For people'
json\t'One object'"
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l insecure -d 'Trust any server, whatever its certificate'
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -l no-proxy -d 'Use no proxy, whatever the variables say'
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand status" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s j -l job -d 'The group\'s job' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s l -l label -d 'One more label of the group\'s key; repeatable' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s i -l instance -d 'Short for -l instance=VALUE' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l url -d 'A whole group URL, as in a curl script' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s m -l metric -d 'A line of metrics, as \'example_metric 4421\'' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l type -d 'Type where there is none: gauge, counter or untyped' -r -f -a "gauge\t'A value that goes up and down'
counter\t'A value that only goes up'
untyped\t'A value of which nothing is known'"
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l max-diagnostics -d 'Show at most this many problems; the rest is counted' -r
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l message-format -d 'Problems: human, short, json or github' -r -f -a "human\t'With the line and a mark under the fault'
short\t'`file:line:column: severity: message`'
json\t'One object a line'
github\t'Workflow commands of GitHub Actions'"
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l lint -d 'Also check the conventions of promtool check metrics'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l strip-timestamps -d 'Drop timestamps, which the gateway refuses'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l allow-empty -d 'Take input without samples, which empties the group'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l no-fix -d 'Do not repair: what would have been repaired is an error'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l strict -d 'Warnings are errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -l utf8-names -d 'The gateway runs with --push.enable-utf8-names'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand check" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
complete -c pushgw -n "__fish_pushgw_using_subcommand completions" -l color -d 'When to colour: auto (on a terminal), always or never' -r -f -a "auto\t'On a terminal'
always\t'Also in a pipe or a file'
never\t'Nowhere'"
complete -c pushgw -n "__fish_pushgw_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors'
complete -c pushgw -n "__fish_pushgw_using_subcommand completions" -s v -l verbose -d 'Say more: what was done, and each repair; twice for the exchange with the gateway'
complete -c pushgw -n "__fish_pushgw_using_subcommand completions" -s h -l help -d 'Print help: -h the options that are used most, --help all of them'
