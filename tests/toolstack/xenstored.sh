# SPDX-License-Identifier: MIT
# Our xenstored under stock tools and guests: updated and killed while they work.

xenstored_pid()
{
    cat /run/xen/xenstored.pid
}

# The guest's disk, for some time, and its network until /tmp/load is gone.
start_load()
{
    echo > /tmp/load
    rm -f /tmp/load.*
    (
        inside $address 'mount -t ext4 /dev/xvda /mnt && diskcheck /mnt/a 16 &&
            diskcheck /mnt/b 16 && diskcheck /mnt/a 16 && rm /mnt/a /mnt/b &&
            umount /mnt && echo DONE' > /tmp/load.out 2>&1
        mv /tmp/load.out /tmp/load.disk
    ) &
    (
        while [ -e /tmp/load ]; do
            ping -c 3 -W 20 -q $address > /tmp/load.ping 2>&1 ||
                cp /tmp/load.ping /tmp/load.lost
        done
    ) &
}

stop_load()
{
    wait_until 300 [ -e /tmp/load.disk ] || return
    rm -f /tmp/load
    grep -q DONE /tmp/load.disk || {
        echo "disk: $(cat /tmp/load.disk)"
        return 1
    }
    [ ! -e /tmp/load.lost ] || {
        echo "network: $(cat /tmp/load.lost)"
        return 1
    }
}

# xenstored_answers N: what was written before is there; the guest sees a change.
xenstored_answers()
{
    wait_for_xenstored || return
    expect 'value' "value $1" "$(xenstore-read /test/kept)" || return
    expect 'state of the disk' 4 "$(xenstore-read \
        "/local/domain/$(xl domid linux)/device/vbd/51712/state")"
}

# A client that stays connected gets the events of all updates.
check_xenstored_updated()
{
    start_load
    xenstore-watch -n 21 /test > /tmp/watched &
    sleep 2
    for i in 1 2 3 4 5 6 7 8 9 10; do
        xenstore-write /test/kept "value $i" || return
        old=$(xenstored_pid)
        own_xenstored
        wait_until 30 not_running "$old" || return
        xenstored_answers $i || return
        xenstore-write /test/update "$i" || return
    done
    stop_load || return
    wait_until 20 has_lines 21 /tmp/watched
}

not_running()
{
    [ ! -d "/proc/$1" ]
}

has_lines()
{
    [ "$(wc -l < "$2")" -ge "$1" ]
}

check_xenstored_killed()
{
    start_load
    for i in 1 2 3 4 5 6 7 8 9 10; do
        xenstore-write /test/kept "value $i" || return
        old=$(xenstored_pid)
        kill -9 "$old"
        wait_until 30 not_running "$old" || return
        own_xenstored
        xenstored_answers $i || return
    done
    stop_load || return
    # The console daemon's socket went with the daemon, and it takes no other.
    kill "$(cat /run/xen/xenconsoled.pid)" 2> /dev/null
    start_xenconsoled
}

check_xenstored_list()
{
    xl list && xl vcpu-list linux && xenstore-ls /local/domain > /dev/null &&
        xl pause linux && xl unpause linux
}

# The store tells tools of the guest's end, and of a new one.
check_xenstored_guest_ends()
{
    xl shutdown linux
    wait_until 60 has_printed linux GUEST-POWEROFF || return
    # Whoever waited for it lost its socket with the killed daemon.
    xl destroy linux
    wait_until 60 is_gone linux
}

check_xenstored_next_guest()
{
    create "$(tiny_config next idle vcpus=1)" && xl list next &&
        id=$(xl domid next) &&
        expect 'introduced' "$id" "$(xenstore-read "/local/domain/$id/domid")" &&
        xl destroy next && wait_until 30 is_gone next &&
        ! xenstore-exists "/local/domain/$id"
}
