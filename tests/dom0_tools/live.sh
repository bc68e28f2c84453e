#!/bin/sh
# SPDX-License-Identifier: MIT
# The console daemon and `xl console` as programs, with our xenstored, guests that
# are processes, and people that tmux plays; all in a mount namespace of its own.
# usage: live.sh FOLDER-OF-PROGRAMS XENSTORED XENSTORE-COMMAND
set -u

if [ -z "${LIVE_INSIDE:-}" ]; then
    LIVE_INSIDE=1 exec unshare $([ "$(id -u)" -eq 0 ] || echo -r) -m -p -f --mount-proc sh "$0" "$@"
fi
bin=$1 xenstored=$2 store=$3
live=$(mktemp -d)
mount -t tmpfs live "$live" && mount -t tmpfs run /run && mkdir -p /var/lib/xen &&
    mount -t tmpfs lib /var/lib/xen || exit 1
mkdir -p /run/xenstored /run/xen
export ASAN_OPTIONS=detect_leaks=0 LIVE_XEN=$live XENSTORED_RUNDIR=/run/xenstored TMUX_TMPDIR=$live
logs=$live/logs
xl=$bin/live_xl
tests=$(dirname "$0")/..

domains()
{
    printf '%s\n' '0 20' "$@" > "$live/domains.new" && mv "$live/domains.new" "$live/domains"
}

start_consoled()
{
    $bin/live_xenconsoled -v --log=guest --log-dir="$logs" --pid-file=/run/pid "$@"
}

kill_consoled()
{
    old=$(cat /run/pid)
    kill "-$1" "$old"
    wait_until 10 process_is_gone "$old"
}


# Nobody introduces domains to xenstored here: a new daemon looks for them.
new_consoled()
{
    kill_consoled TERM && start_consoled "$@"
}

# make_guest DOMID NAME WHAT: a domain appears, as a toolstack makes it.
make_guest()
{
    $bin/live_guest "$live" "$1" "$3" > "$live/ready.$1" &
    eval "guest_$1=$!"
    wait_until 10 [ -s "$live/ready.$1" ] || return
    "$store" write "/local/domain/$1/name" "$2" "/local/domain/$1/console/type" xenconsoled \
        "/local/domain/$1/console/ring-ref" 5 "/local/domain/$1/console/port" 3
}

. "$tests/toolstack/lib.sh"
. "$tests/toolstack/person.sh"

has_tty()
{
    [ -n "$("$store" read "/local/domain/$1/console/tty" 2> /dev/null)" ]
}

# answers NAME WORD: the guest says it in capitals. What is typed before xl has
# the terminal may be lost.
answers()
{
    for try in 1 2 3 4 5; do
        types "$1" " $2"
        ! will_see "$1" "$(echo "$2" | tr a-z A-Z)" 4 || return 0
    done
    return 1
}

typed_text_comes_back()
{
    make_guest 1 echo echo && domains '1 10' && start_consoled &&
        wait_until 10 has_tty 1 || return
    person ann "$xl console echo"
    will_see ann GUEST-UP 10 && answers ann hello || return
    tmux resize-window -t ann -x 60 -y 20
    answers ann again && keys ann C-] && will_see ann 'LEFT 0' 20
}

daemon_is_killed_under_a_person()
{
    person ann "$xl console 1"
    answers ann one || return
    for i in 1 2 3; do
        kill_consoled KILL && start_consoled && answers ann "after$i" || return
    done
    keys ann C-] && will_see ann 'LEFT 0' 20
}

terminal_in_the_store_works_too()
{
    mv /run/xenconsoled/socket /run/xenconsoled/hidden
    person bob "$xl console echo"
    answers bob stock
    rc=$?
    mv /run/xenconsoled/hidden /run/xenconsoled/socket
    [ $rc -eq 0 ] && keys bob C-] && will_see bob 'LEFT 0' 20
}

no_line_is_lost_or_doubled()
{
    make_guest 2 count count && domains '1 10' '2 10' && new_consoled &&
        wait_until 10 has_tty 2 || return
    $xl console count > "$live/seen" 2> "$live/err" < /dev/null &
    client=$!
    for i in $(seq 20); do
        sleep 0.$((i % 4))
        kill_consoled KILL && start_consoled || return
    done
    sleep 0.5
    eval "kill -STOP \$guest_2"
    sleep 1
    kill $client
    $xl console --history count | sed 1d > "$live/history"
    in_sequence "$logs/guest-count.log" && in_sequence "$live/seen" &&
        in_sequence "$live/history" || return
    last=$(tail -n 1 "$logs/guest-count.log")
    expect 'last line seen' "$last" "$(tail -n 1 "$live/seen")" || return
    expect 'last line kept' "$last" "$(tail -n 1 "$live/history")"
    eval "kill -9 \$guest_2"
}

ticks()
{
    awk '{ print $14 + $15 }' "/proc/$(cat /run/pid)/stat"
}

flood_costs_others_nothing()
{
    make_guest 3 flood flood && domains '1 10' '2 10' '3 10' && new_consoled --rate=64 &&
        wait_until 10 has_tty 3 || return
    person fay "$xl console echo"
    answers fay before || return
    before=$(ticks)
    for i in 1 2 3 4; do
        answers fay "flood$i" || return
        sleep 0.5
    done
    used=$(($(ticks) - before))
    size=$(stat -c %s "$logs/guest-flood.log")
    eval "kill \$guest_3"
    keys fay C-] && [ $used -lt 50 ] && [ "$size" -lt 600000 ] || {
        echo "$used ticks, $size bytes"
        return 1
    }
}

end_is_told_and_history_stays()
{
    person ann "$xl console echo"
    answers ann last && domains '1 4' '2 10' && kill_consoled KILL && start_consoled &&
        will_see ann 'echo has powered off' 10 && will_see ann 'LEFT 0' 20 || return
    domains && kill_consoled TERM && $xl console --history echo > "$live/text" &&
        grep -q LAST "$live/text"
}

daemon_has_no_privileges()
{
    start_consoled && status=/proc/$(cat /run/pid)/status
    expect capabilities 0000000000000000 "$(awk '/^CapEff/ { print $2 }' "$status")" &&
        expect seccomp 2 "$(awk '/^Seccomp:/ { print $2 }' "$status")"
}

store_may_come_back()
{
    kill -9 "$(cat /run/xenstored.pid)"
    sleep 0.5
    start_store
    make_guest 1 echo echo
    wait_until 10 has_tty 1
}

# make_channel NUMBER CONNECTION: a further console of domain 1, as the
# toolstack makes it; its driver comes later.
make_channel()
{
    "$store" write "/local/domain/0/backend/console/1/$1/type" xenconsoled \
        "/local/domain/0/backend/console/1/$1/connection" "$2" \
        "/local/domain/0/backend/console/1/$1/state" 1 \
        "/local/domain/1/device/console/$1/tty" '' \
        "/local/domain/1/device/console/$1/state" 1
}

# driver_comes NUMBER FILES WHAT
driver_comes()
{
    $bin/live_guest "$live" "$2" "$3" > "$live/ready.$2" &
    eval "guest_$2=$!"
    wait_until 10 [ -s "$live/ready.$2" ] &&
        "$store" write "/local/domain/1/device/console/$1/ring-ref" "$2" \
            "/local/domain/1/device/console/$1/port" "$2" \
            "/local/domain/1/device/console/$1/state" 3
}

back_has_state()
{
    [ "$("$store" read "/local/domain/0/backend/console/1/$1/state")" = "$2" ]
}

# The sandbox keeps the daemon from the files that stand for rings; it is there
# again where the next test begins.
channels_are_served()
{
    make_channel 1 pty && make_channel 2 socket && make_channel 3 pty &&
        "$store" write /local/domain/0/backend/console/1/3/type ioemu && new_consoled --no-sandbox || return
    wait_until 10 back_has_state 1 2 && wait_until 10 back_has_state 2 2 &&
        expect "another's" 1 "$("$store" read /local/domain/0/backend/console/1/3/state)" || return
    person ann "$xl console -n 1 echo"
    driver_comes 1 41 echo && will_see ann GUEST-UP 10 && answers ann channel || return
    wait_until 10 back_has_state 1 4 && kill_consoled KILL && start_consoled --no-sandbox &&
        answers ann after && keys ann C-] && will_see ann 'LEFT 0' 20 || return
    driver_comes 2 42 echo && wait_until 10 back_has_state 2 4 || return
    for word in first second; do
        python3 "$tests/dom0_tools/socket_asks.py" /run/xenconsoled/channel-1-2 $word || return
    done
    # It closes, and comes again.
    "$store" write /local/domain/1/device/console/2/state 6
    wait_until 10 back_has_state 2 6 || return
    "$store" write /local/domain/1/device/console/2/state 1
    wait_until 10 back_has_state 2 2 && "$store" write /local/domain/1/device/console/2/state 3 &&
        wait_until 10 back_has_state 2 4 &&
        python3 "$tests/dom0_tools/socket_asks.py" /run/xenconsoled/channel-1-2 third
}

# What a guest writes to its nodes harms nobody, and is said once.
nonsense_of_a_driver_is_refused()
{
    new_consoled
    for value in x -1 99999999999 63 ''; do
        "$store" write /local/domain/1/device/console/1/ring-ref "$value" \
            /local/domain/1/device/console/1/state 3
    done
    "$store" rm /local/domain/1/device/console/1
    wait_until 10 back_has_state 1 6 || return
    person ann "$xl console echo"
    answers ann alive && keys ann C-] && will_see ann 'LEFT 0' 20 || return
    "$store" rm /local/domain/0/backend/console/1 &&
        sleep 0.5 && ! "$store" read /local/domain/0/backend/console/1/2/state 2> /dev/null
}

top_shows_domains()
{
    person tom "$xl top -d 1"
    will_see tom 'Memory: 1024 MiB, 256 MiB free' 20 && will_see tom '^echo ' && sees tom '----r' ||
        return
    keys tom h && will_see tom 'sort by the next column' 10 && keys tom h &&
        will_see tom '^count ' 10 || return
    tmux resize-window -t tom -x 50 -y 12
    will_see tom 'NAME .*STATE' 10 && will_see tom '^echo' 10 || return
    tmux resize-window -t tom -x 120 -y 40
    # By time, then by memory: the largest first.
    keys tom s s && wait_until 10 first_row_is tom count || return
    keys tom r && wait_until 10 first_row_is tom Domain-0 && keys tom q && will_see tom 'LEFT 0' 20 ||
        return
    person tom "$xl top"
    will_see tom Domain-0 20 && keys tom C-c && will_see tom 'LEFT 0' 20
}

first_row_is()
{
    tmux capture-pane -p -t "$1" | sed -n 5p | grep -q "^$2 "
}

store_answers()
{
    "$store" ls / > /dev/null 2>&1
}

start_store()
{
    "$xenstored" --pid-file /run/xenstored.pid > "$live/store.log" 2>&1
    wait_until 20 store_answers
}

try()
{
    if "$1" > "$live/out" 2>&1; then
        echo "[       OK ] $1"
    else
        echo "$1: $(tail -n 3 "$live/out" | tr '\n' ' ')"
        echo "[  FAILED  ] $1"
        bad=1
    fi
}

bad=0
domains
start_store
"$store" write /local/domain/0/name Domain-0
for test in typed_text_comes_back daemon_is_killed_under_a_person terminal_in_the_store_works_too \
    channels_are_served nonsense_of_a_driver_is_refused no_line_is_lost_or_doubled top_shows_domains flood_costs_others_nothing end_is_told_and_history_stays \
    daemon_has_no_privileges store_may_come_back; do
    try $test
done
umount -l "$live"
rmdir "$live"
exit $bad
