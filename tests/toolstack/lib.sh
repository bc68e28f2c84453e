# SPDX-License-Identifier: MIT
# What the checks share: configurations, waits, commands inside of guests.

consoles=/var/log/xen/console

is_xenia()
{
    xl info xen_extra | grep -q xenia
}

# show_logs: what explains a failure, each line marked.
show_logs()
{
    {
        echo '--- output of the check'
        tail -n 40 /tmp/check.out
        for log in $(ls -t /var/log/xen/*.log "$consoles"/* | head -n 8); do
            echo "--- $log"
            tail -n 15 "$log"
        done
        echo '--- xl list'
        timeout 20 xl list
        echo '--- dmesg'
        dmesg | tail -n 15
    } 2>&1 | sed 's/^/ : /'
}

# seconds: since the boot. Without a process: it is called a lot.
seconds()
{
    read -r uptime idle < /proc/uptime
    echo "${uptime%.*}"
}

# wait_until SECONDS COMMAND...: true as soon as the command is.
wait_until()
{
    end=$(($(seconds) + $1))
    shift
    until "$@"; do
        [ "$(seconds)" -lt $end ] || {
            echo "in vain: $*"
            return 1
        }
        sleep 0.2
    done
}

# expect WHAT EXPECTED GOT
expect()
{
    [ "$2" = "$3" ] || {
        echo "$1: expected '$2', got '$3'"
        return 1
    }
}

# config NAME LINE...: write the configuration of guest NAME; prints its path.
config()
{
    guest=$1
    shift
    {
        echo "name='$guest'"
        echo "type='pv'"
        printf '%s\n' "$@"
    } > "/tmp/$guest.cfg"
    echo "/tmp/$guest.cfg"
}

# tiny_config NAME WORD LINE...: a tiny guest that does WORD.
tiny_config()
{
    tiny=$1 word=$2
    shift 2
    config "$tiny" "kernel='/guest/tiny'" memory=8 "extra='$word'" "$@"
}

# linux_config NAME KERNEL EXTRA LINE...: Debian's kernel in /guest/KERNEL with
# our initial RAM disk.
linux_config()
{
    linux=$1 kernel=$2 extra=$3
    shift 3
    config "$linux" "kernel='/guest/$kernel'" "ramdisk='/guest/initrd'" \
        "extra='console=hvc0 quiet $extra'" memory=128 "$@"
}

# create CONFIG [xl's OPTION...]: with all that xl has to tell in a log.
create()
{
    file=$1
    shift
    log=/var/log/xen/create-$(basename "$file" .cfg).log
    rm -f "$consoles/guest-$(basename "$file" .cfg).log"
    xl -vvv create "$@" "$file" > "$log" 2>&1 < /dev/null || {
        echo "xl create: $(grep -v -i debug "$log" | tail -n 3 | tr '\n' ' ')"
        return 1
    }
}

exists()
{
    xl domid "$1" > /dev/null 2>&1
}

is_gone()
{
    ! exists "$1"
}

# has_printed NAME TEXT [TIMES]: on its console.
has_printed()
{
    times=$(grep -c "$2" "$consoles/guest-$1.log" 2> /dev/null)
    [ "${times:-0}" -ge "${3:-1}" ]
}

# state NAME: the six letters of xl list.
state()
{
    xl list "$1" | awk 'NR == 2 { print $5 }'
}

# has_state NAME PATTERN
has_state()
{
    case $(state "$1") in
    $2) ;;
    *) return 1 ;;
    esac
}

# inside ADDRESS COMMAND: run it in a Linux guest, by its shell on the network.
inside()
{
    printf '%s\nexit\n' "$2" | timeout 300 busybox nc "$1" 2323
}

# guest_has_disk NAME, guest_lacks_disk NAME: the guest at $address.
guest_has_disk()
{
    inside $address 'cat /proc/partitions' | grep -q " $1\$"
}

guest_lacks_disk()
{
    inside $address 'cat /proc/partitions && echo DONE' > /tmp/disks
    grep -q DONE /tmp/disks && ! grep -q " $1\$" /tmp/disks
}

# destroy NAME: and wait until it is.
destroy()
{
    xl destroy "$1" && wait_until 60 is_gone "$1"
}

# ends_for_good XL NAME: of a guest that reboots all the time. Between two of its
# lives there is no domain, but the xl that watches it makes the next, however
# long that takes on a busy host: it is over when that xl is gone.
ends_for_good()
{
    "$1" destroy "$2" 2> /dev/null
    ! pgrep -f "xl .*create .*/tmp/$2.cfg" > /dev/null && is_gone "$2"
}

# destroy_all: leave only the control domain.
destroy_all()
{
    xl list | awk 'NR > 1 && $2 != 0 { print $2 }' | while read -r id; do
        xl destroy "$id"
    done
    wait_until 60 nobody_else
}

nobody_else()
{
    [ "$(xl list | wc -l)" -eq 2 ]
}

free_memory()
{
    xl info free_memory
}

# has_value NODE VALUE
has_value()
{
    [ "$(xenstore-read "$1" 2> /dev/null)" = "$2" ]
}

# ---- The project's own back-end daemons: blkd, netd ----

# start_daemon NAME
start_daemon()
{
    "xen-$1" -N -F "/run/xen/$1.pid" >> "/var/log/xen/$1.log" 2>&1 < /dev/null &
    wait_until 20 has_worker "$1"
}

daemon_pid()
{
    cat "/run/xen/$1.pid"
}

# worker_of NAME: the child that serves.
worker_of()
{
    cat "/proc/$(daemon_pid "$1")/task/$(daemon_pid "$1")/children" \
        2> /dev/null | tr -d ' '
}

has_worker()
{
    [ -n "$(worker_of "$1")" ]
}

# is_another_worker NAME PID
is_another_worker()
{
    now=$(worker_of "$1")
    [ -n "$now" ] && [ "$now" != "$2" ]
}

# confined_worker NAME: the worker of a daemon that has no pid file.
confined_worker()
{
    for pid in $(pgrep -x "xen-$1"); do
        grep -q '^Uid:.65534' "/proc/$pid/status" && echo "$pid"
    done
}

# kill_daemon NAME: all of its processes; whoever keeps it running starts others.
kill_daemon()
{
    old=$(confined_worker "$1")
    pkill -9 -x "xen-$1" && wait_until 60 has_other_worker "$1" "$old"
}

has_other_worker()
{
    now=$(confined_worker "$1")
    [ -n "$now" ] && [ "$now" != "$2" ]
}

# is_confined PID
is_confined()
{
    status=/proc/$1/status
    expect uid 65534 "$(awk '/^Uid:/ { print $3 }' "$status")" || return
    expect capabilities 0000000000000000 \
        "$(awk '/^CapEff:/ { print $2 }' "$status")" || return
    expect seccomp 2 "$(awk '/^Seccomp:/ { print $2 }' "$status")"
}
