# SPDX-License-Identifier: MIT
# People in front of terminals, played by tmux: they type, look at the screen,
# resize it. Needs lib.sh.

export LC_CTYPE=C.UTF-8
people=${TMUX_TMPDIR:-/tmp}

# person NAME COMMAND: in front of a terminal where a command runs. It shows
# LEFT with its status when that ends, and whether the terminal is as it was.
person()
{
    # The server ends with its last session.
    tmux has-session -t nobody 2> /dev/null ||
        tmux -u new-session -d -s nobody 'sleep 100000'
    tmux kill-session -t "$1" 2> /dev/null
    cat > "$people/person.$1" << END
trap : INT
stty -g > $people/stty.$1.before
$2
status=\$?
stty -g > $people/stty.$1.after
cmp -s $people/stty.$1.before $people/stty.$1.after && echo "LEFT \$status"
sleep 1000
END
    tmux -u new-session -d -s "$1" -x 120 -y 40 "TERM=screen sh $people/person.$1"
}

# types NAME TEXT; keys NAME KEY...
types()
{
    tmux send-keys -t "$1" -l "$2"
}

keys()
{
    person=$1
    shift
    tmux send-keys -t "$person" "$@"
}

# sees NAME TEXT: on the screen.
sees()
{
    tmux capture-pane -p -t "$1" | grep -q -e "$2"
}

# will_see NAME TEXT [SECONDS]
will_see()
{
    wait_until "${3:-60}" sees "$1" "$2" || {
        echo "$1 does not see $2, but: $(tmux capture-pane -p -t "$1" |
            grep -v '^$' | tail -n 3 | tr '\n' ' ')"
        return 1
    }
}

# will_see_twice NAME TEXT
will_see_twice()
{
    wait_until 60 sees_twice "$1" "$2"
}

sees_twice()
{
    [ "$(tmux capture-pane -p -t "$1" | grep -c -e "$2")" -ge 2 ]
}

process_is_gone()
{
    [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

# in_sequence FILE: each line COUNT n follows the one before it.
in_sequence()
{
    awk '/^COUNT/ { if (last != "" && $2 != last + 1) {
            print FILENAME ": " $2 " after " last; bad = 1 }
            last = $2; lines++ }
        END { exit bad || lines < 1000 }' "$1"
}
