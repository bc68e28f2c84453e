# SPDX-License-Identifier: MIT
# What start and stop share: words of the kernel's command line, messages.

logs=/var/log/xen

# read_options: xenia.NAME=VALUE on the kernel's command line is $opt_NAME here.
# A name is letters and _; a value is never looked into by the shell.
read_options()
{
    read -r words < /proc/cmdline
    for word in $words; do
        case $word in
        xenia.*=*)
            name=${word%%=*} name=${name#xenia.}
            case $name in
            '' | *[!a-z_]*) echo "  what is xenia.$name?" ;;
            *) eval "opt_$name=\${word#*=}" ;;
            esac
            ;;
        esac
    done
}

# say STATE WHAT TEXT: one line of the screen.
say()
{
    printf '  %-6s  %-12s %s\n' "$1" "$2" "$3"
}

# last_line FILE
last_line()
{
    grep -v '^$' "$1" 2> /dev/null | tail -n 1
}

# step WHAT COMMAND...: run a part of the start. It prints what there is to tell;
# if it fails, the screen has the last line and the name of the whole log.
step()
{
    what=$1
    shift
    log=$logs/start-$what.log
    if "$@" > "$log" 2>&1; then
        say ok "$what" "$(last_line "$log")"
    else
        say FAILED "$what" "$(last_line "$log")"
        say '' '' "all of it: $log"
        return 1
    fi
}

# wait_for SECONDS COMMAND...: true as soon as the command is.
wait_for()
{
    read -r now idle < /proc/uptime
    end=$((${now%.*} + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        read -r now idle < /proc/uptime
        [ "${now%.*}" -le "$end" ] || return 1
        usleep 20000
    done
}
