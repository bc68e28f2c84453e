# SPDX-License-Identifier: MIT
# The project's own network back-end, xen-netd, under Linux's front-end: packets
# both ways, killed while they pass, limited, confined to addresses, detached.

here=10.9.0.1
other=10.9.0.3

nic_node()
{
    echo "/local/domain/0/backend/qnic/$(xl domid "$1")/0"
}

# attach_nic NAME MAC [NODE VALUE...]: an interface, as a toolstack writes its
# nodes; the last ones are below the back-end's.
attach_nic()
{
    id=$(xl domid "$1")
    back=$(nic_node "$1") front=/local/domain/$id/device/vif/0 mac=$2
    shift 2
    xenstore-write "$back" '' "$front" '' || return
    xenstore-chmod "$back" n0 "r$id"
    xenstore-chmod "$front" "n$id" r0
    while [ $# -ne 0 ]; do
        xenstore-write "$back/$1" "$2"
        shift 2
    done
    xenstore-write "$front/backend" "$back" "$front/backend-id" 0 \
        "$front/handle" 0 "$front/mac" "$mac" "$front/mtu" 1500 \
        "$back/frontend" "$front" "$back/frontend-id" "$id" "$back/mac" "$mac" \
        "$back/bridge" xenbr0 "$back/online" 1 "$back/state" 1 "$front/state" 1
}

# Its network comes when it has started: init waits for it.
create_lonely()
{
    create "$(linux_config "$1" cloud "guest.ip=$2" vcpus=2 \
        "tsc_mode='native'")"
}

check_netd_create()
{
    create_lonely linux $address && create_lonely linux2 $other &&
        wait_until 300 has_printed linux GUEST-INIT
}

check_netd_attaches()
{
    start_daemon netd && attach_nic linux 00:16:3e:00:00:02 &&
        wait_until 120 has_printed linux GUEST-READY &&
        attach_nic linux2 00:16:3e:00:00:03 &&
        wait_until 120 has_printed linux2 GUEST-READY
}

check_netd_answers_ping()
{
    ping -c 3 -W 5 -q $address && ping -c 1 -W 5 -q $other
}

# The features that every front-end agrees on.
front_has_features()
{
    front=/local/domain/$(xl domid linux)/device/vif/0
    for feature in sg gso-tcpv4 gso-tcpv6 ipv6-csum-offload; do
        has_value "$front/feature-$feature" 1 || {
            echo "no $feature"
            return 1
        }
    done
}

# What it negotiated with Linux's front-end.
check_netd_features()
{
    front_has_features && has_value "$front/multi-queue-num-queues" 2 &&
        has_value "$(nic_node linux)/state" 4
}

check_netd_is_confined()
{
    is_confined "$(worker_of netd)"
}

# The mapping is there only if the hypervisor has made a copy so.
check_netd_has_granted_pages()
{
    grep -q gntalloc "/proc/$(worker_of netd)/maps"
}

# Both ways files are sent by `cat`, with one call: nc's own come to single frames.
# to_guest MIB: compared by its sum.
to_guest()
{
    dd if=/dev/urandom of=/tmp/noise bs=1M count="$1" 2> /dev/null
    busybox nc -l -p 5004 -e cat /tmp/noise &
    sender=$!
    got=$(inside "$address" "nc $here 5004 < /dev/null | md5sum")
    kill $sender 2> /dev/null
    expect 'sum inside' "$(md5sum < /tmp/noise)" "$got"
}

# The listener's input does not end: that would end the guest's nc.
from_guest()
{
    [ -e /tmp/quiet ] || mkfifo /tmp/quiet
    busybox nc -l -p 5002 > /tmp/noise <> /tmp/quiet &
    listener=$!
    got=$(inside "$address" "dd if=/dev/urandom of=/tmp/noise bs=1M count=$1 2> /dev/null
        md5sum < /tmp/noise; nc $here 5002 -e cat /tmp/noise")
    wait $listener
    expect "sum of $(stat -c %s /tmp/noise) bytes that came" "$got" \
        "$(md5sum < /tmp/noise)"
}

# counter NAME WHAT: of the interface in the bridge.
counter()
{
    cat "/sys/class/net/vif$(xl domid "$1").0/statistics/$2"
}

# What passes was not cut to the size of a frame, 1514 bytes.
both_ways()
{
    for way in to from; do
        counts=rx
        [ $way = from ] || counts=tx
        bytes=$(counter linux ${counts}_bytes)
        packets=$(counter linux ${counts}_packets)
        "${way}_guest" 16 || return
        bytes=$(($(counter linux ${counts}_bytes) - bytes))
        packets=$(($(counter linux ${counts}_packets) - packets))
        echo "$way guest: $((bytes / packets)) bytes per packet"
        [ $((bytes / packets)) -gt 3028 ] || return
    done
}

check_netd_tcp_both_ways()
{
    both_ways
}

# Between two guests, each by the same process.
check_netd_between_guests()
{
    got=$(inside $address "dd if=/dev/urandom of=/tmp/noise bs=1M count=8 2> /dev/null
        md5sum < /tmp/noise; nc $other 5001 < /tmp/noise")
    # shellcheck disable=SC2086 # two lines of three words
    set -- $got
    expect 'sum in the other guest' "$1" "$3"
}

start_net_load()
{
    rm -f /tmp/load.*
    (
        trap 'mv /tmp/load.out /tmp/load.net' EXIT
        for i in 1 2 3; do
            to_guest 8 && from_guest 8 || exit
        done > /tmp/load.out 2>&1
        echo DONE >> /tmp/load.out
    ) &
}

net_load_is_good()
{
    wait_until 500 [ -e /tmp/load.net ] || return
    grep -q DONE /tmp/load.net || {
        cat /tmp/load.net
        return 1
    }
}

# SIGKILL while it carries data: connections go on.
worker_killed_under_load()
{
    start_net_load
    killed=0
    while [ $killed -lt 12 ]; do
        sleep 0.$((killed % 9 + 1))
        old=$(worker_of netd)
        kill -9 "$old" && wait_until 30 is_another_worker netd "$old" || return
        [ ! -e /tmp/load.net ] || break
        killed=$((killed + 1))
    done
    net_load_is_good && echo "killed $killed times under load" &&
        [ $killed -ge 3 ]
}

check_netd_worker_killed()
{
    worker_killed_under_load
}

# All of the daemon, with a pause in which nobody answers.
check_netd_killed()
{
    start_net_load
    for i in 1 2 3; do
        sleep 1
        old=$(worker_of netd)
        kill -9 "$(daemon_pid netd)" && sleep 0.$i || return
        [ ! -e "/proc/$old" ] || wait_until 20 is_no_process "$old" || return
        start_daemon netd || return
    done
    net_load_is_good
}

is_no_process()
{
    [ ! -e "/proc/$1" ]
}

# counters_of WHAT: the bytes that an interface has counted, and the time in
# hundredths of a second, as both are where the command runs.
counters_of='cat /sys/class/net/%s/statistics/%s_bytes; cut -d " " -f 1 /proc/uptime |
    tr -d .'

# sent NAME, received NAME: by the guest. What it sent counts when it has come
# out; what it got, when it is there.
sent()
{
    # shellcheck disable=SC2059 # it is the format
    eval "$(printf "$counters_of" "vif$(xl domid "$1").0" rx)"
}

received()
{
    # shellcheck disable=SC2059
    inside $other "$(printf "$counters_of" eth0 rx)"
}

# keeps_rate WAY NAME RATE: within a tenth, for so long that a packet of 64 KiB and
# what was saved up make little of it.
keeps_rate()
{
    # shellcheck disable=SC2046 # four numbers
    set -- "$@" $("$1" "$2") $(sleep 10) $("$1" "$2")
    rate=$((($6 - $4) * 100 / ($7 - $5)))
    echo "$2 has $1 $rate of $3 bytes/s"
    [ $rate -gt $(($3 / 10 * 9)) ] && [ $rate -lt $(($3 / 10 * 11)) ]
}

check_netd_rates()
{
    xenstore-write "$(nic_node linux)/rate" 10000,50000 \
        "$(nic_node linux2)/rate" 400000 "$(nic_node linux2)/rate-in" 300000
    busybox nc -ll -p 5003 -e sh -c 'cat > /dev/null' &
    sink=$!
    inside $address 'nc 10.9.0.1 5003 < /dev/zero > /dev/null &' > /dev/null
    inside $other 'nc 10.9.0.1 5003 < /dev/zero > /dev/null &' > /dev/null
    busybox nc $other 5001 < /dev/zero > /dev/null &
    flood=$!
    sleep 3
    keeps_rate sent linux 200000 && keeps_rate sent linux2 400000 &&
        keeps_rate received linux2 300000
    good=$?
    kill $sink $flood
    inside $address 'killall nc' > /dev/null
    inside $other 'killall nc' > /dev/null
    xenstore-write "$(nic_node linux)/rate" 0 "$(nic_node linux2)/rate" 0 \
        "$(nic_node linux2)/rate-in" 0
    return $good
}

has_no_interface()
{
    [ ! -e "/sys/class/net/$1" ]
}

# The guest lets go of it, then so does the back-end; it comes back, with only
# the addresses it may have.
check_netd_detaches()
{
    back=$(nic_node linux2) id=$(xl domid linux2)
    xenstore-write "$back/online" 0 "$back/state" 5
    wait_until 60 has_value "$back/state" 6 || return
    xenstore-rm "$back"
    xenstore-rm "/local/domain/$id/device/vif/0"
    wait_until 30 has_no_interface "vif$id.0"
}

# Another sender than it may be does not get through.
check_netd_antispoof()
{
    destroy linux2 && create_lonely linux2 $other || return
    attach_nic linux2 00:16:3e:00:00:03 antispoof 1 ip $other &&
        wait_until 120 has_printed linux2 GUEST-READY || return
    ping -c 1 -W 5 -q $other || return
    inside $other 'ifconfig eth0 10.9.0.4
        ping -c 2 -W 1 10.9.0.1; ifconfig eth0 10.9.0.3' > /dev/null
    ip neigh | grep 10.9.0.4 && return 1
    wait_until 20 ping -c 1 -W 2 -q $other
}

# Destroyed while it sends: nothing is left.
check_netd_guest_dies()
{
    id=$(xl domid linux) back=$(nic_node linux)
    (inside $address 'nc 10.9.0.1 5003 < /dev/zero' > /dev/null 2>&1) &
    sleep 1
    destroy linux && xenstore-rm "$back" &&
        wait_until 30 has_no_interface "vif$id.0" || return
    id=$(xl domid linux2) back=$(nic_node linux2)
    destroy linux2 && xenstore-rm "$back" &&
        wait_until 30 has_no_interface "vif$id.0" || return
    expect 'notes left' lock "$(ls /run/xen-netd)"
}

# The project's own xl: a guest whose disk and network are these daemons'. None
# runs before; then both are killed, and nobody but xl starts them.
check_netd_by_own_xl()
{
    kill -9 "$(daemon_pid netd)" && truncate -s 8M /disk/own.img || return
    wait_until 20 has_no_daemon || return
    rm -f "$consoles/guest-linux.log"
    /toolstack/xl create "$(linux_config linux cloud "guest.ip=$address" vcpus=1 \
        "disk=['/disk/own.img,raw,xvda,w,backendtype=qdisk,iops=5000']" \
        "vif=['mac=00:16:3e:00:00:02,bridge=xenbr0,vifname=web,backendtype=qnic,antispoof=1,ip=$address,rate=4MB/s']")" ||
        return
    is_confined "$(confined_worker blkd)" && is_confined "$(confined_worker netd)" &&
        wait_until 120 has_printed linux GUEST-READY &&
        kill_daemon blkd && kill_daemon netd || return
    got=$(inside $address 'dd if=/dev/urandom of=/dev/xvda bs=64k 2> /dev/null
        sync; md5sum < /dev/xvda')
    expect 'sum of the disk' "$got" "$(md5sum < /disk/own.img)" || return
    # Who watches them is killed, too: any command of xl sees to that.
    pkill -9 -x xl-keep && /toolstack/xl domid linux && kill_daemon blkd || return
    [ -e /sys/class/net/web ] && /toolstack/xl block-list linux | grep qdisk &&
        /toolstack/xl network-detach linux 0 && wait_until 20 has_no_interface web ||
        return
    /toolstack/xl destroy linux && wait_until 30 has_no_notes || return
    # Nobody wants them any more.
    pkill -9 -x 'xen-(blk|net)d' && wait_until 20 has_no_keeper && has_no_daemon
}

has_no_daemon()
{
    ! pgrep -x 'xen-(blk|net)d'
}

has_no_keeper()
{
    ! pgrep -x xl-keep
}

has_no_notes()
{
    [ "$(echo /run/xen-blkd/* /run/xen-netd/*)" = \
        '/run/xen-blkd/lock /run/xen-netd/lock' ]
}
