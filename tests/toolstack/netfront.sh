# SPDX-License-Identifier: MIT
# The project's own network front-end in Debian's kernel, and Linux's, each with
# Linux's back-end and with xen-netd: packets both ways, larger than a frame too;
# the front-end unloaded, saved and restored; xen-netd killed meanwhile.

# create_pair FRONT BACK: a guest, and its interface by that back-end.
create_pair()
{
    file=$(linux_config linux cloud "guest.ip=$address guest.net=$1" vcpus=2 \
        "tsc_mode='native'")
    case $2 in
    linux) echo "$bridge" >> "$file" && create "$file" -p ;;
    own) create "$file" -p && attach_nic linux 00:16:3e:00:00:02 ;;
    esac && xl unpause linux && wait_until 300 has_printed linux GUEST-READY
}

# has_front MODULE: it is what the guest has, and the link is up.
has_front()
{
    inside $address 'cat /proc/modules
        echo "carrier $(cat /sys/class/net/eth0/carrier)"' > /tmp/seen
    grep -q "^$1 " /tmp/seen && grep -q '^carrier 1' /tmp/seen || {
        cat /tmp/seen
        return 1
    }
}

# What the front-end has agreed with the back-end.
pair_agrees()
{
    front_has_features &&
        expect queues 2 "$(xenstore-read "$front/multi-queue-num-queues")"
}

# Small packets, and large ones in fragments.
pair_answers()
{
    ping -c 3 -W 5 -q $address && ping -c 3 -W 5 -s 20000 -q $address
}

# pair_starts FRONT BACK MODULE
pair_starts()
{
    create_pair "$1" "$2" && pair_answers && has_front "$3" && pair_agrees
}

# The same by IPv6, whose checksums and segments are features of their own.
both_ways_v6()
{
    ip -6 addr add fd00:9::1/64 dev xenbr0 nodad 2> /dev/null
    inside $address 'ifconfig eth0 add fd00:9::2/64'
    address=fd00:9::2 here=fd00:9::1
    wait_until 20 ping -6 -c 1 -W 1 -q $address > /dev/null && both_ways
}

# types_in_guest COMMAND: at the guest's console, where its network is not there.
types_in_guest()
{
    printf '%s\n' "$1" > "$(xenstore-read "/local/domain/$(xl domid linux)/console/tty")"
}

# Another guest to hear of: Linux's back-end filters what passes through the
# bridge, not what the control domain sends itself.
create_sender()
{
    create "$(linux_config linux2 cloud "guest.ip=$other" vcpus=1 \
        "vif=['mac=00:16:3e:00:00:03,bridge=xenbr0']" "tsc_mode='native'")" &&
        wait_until 300 has_printed linux2 GUEST-READY
}

# hears_group: does the guest get what the other sends to a group that it has not
# joined?
hears_group()
{
    before=$(inside $address 'cat /sys/class/net/eth0/statistics/multicast')
    inside $other 'for i in $(seq 40); do
        ping -c 1 -w 1 -I eth0 239.1.2.3 > /dev/null &
        done; wait'
    after=$(inside $address 'cat /sys/class/net/eth0/statistics/multicast')
    echo "$((after - before)) of 40"
    [ $((after - before)) -ge 30 ]
}

# Who solicits a neighbour sends to a group, which the guest has joined.
chooses_groups()
{
    ping -6 -c 2 -W 5 -q fe80::216:3eff:fe00:2%xenbr0 || return
    ! hears_group || {
        echo 'it gets what it has not joined'
        return 1
    }
    inside $address 'ifconfig eth0 allmulti' && sleep 1 && hears_group &&
        inside $address 'ifconfig eth0 -allmulti' && sleep 1 && ! hears_group
}

# The driver lets go of the device, the module goes, and comes back.
front_reloads()
{
    types_in_guest 'echo vif-0 > /sys/bus/xen/drivers/xenia-netfront/unbind
        rmmod xenia_netfront && echo FRONT-GONE'
    wait_until 60 has_printed linux '^FRONT-GONE' || return
    types_in_guest "insmod /mod/xenia-netfront.ko && ifconfig eth0 $address up"
    wait_until 60 ping -c 1 -W 1 -q $address > /dev/null && both_ways
}

pair_ends()
{
    back=$(nic_node linux) interface=vif$(xl domid linux).0
    destroy linux
    xenstore-rm "$back" 2> /dev/null
    wait_until 30 has_no_interface "$interface"
}

check_net_own_on_linux()
{
    start_daemon netd && pair_starts own linux xenia_netfront
}

check_net_own_on_linux_carries()
{
    both_ways
}

check_net_own_on_linux_carries_v6()
{
    both_ways_v6
}

check_net_own_on_linux_groups()
{
    create_sender && chooses_groups
}

check_net_own_on_linux_reloads()
{
    front_reloads
}

# The toolstack takes the interface away, and gives another one.
check_net_own_is_detached()
{
    xl network-detach linux 0 &&
        types_in_guest 'while [ -e /sys/class/net/eth0 ]; do sleep 1; done
            echo NO-ETH0' &&
        wait_until 30 has_printed linux '^NO-ETH0' || return
    xl network-attach linux mac=00:16:3e:00:00:02 bridge=xenbr0 &&
        types_in_guest "until [ -e /sys/class/net/eth0 ]; do sleep 1; done
            ifconfig eth0 $address up" &&
        wait_until 60 ping -c 1 -W 1 -q $address > /dev/null && both_ways
}

check_net_own_is_restored()
{
    inside $address 'echo kept > /tmp/kept'
    xl save linux /disk/saved && is_gone linux && xl restore /disk/saved &&
        rm /disk/saved &&
        wait_until 60 ping -c 1 -W 1 -q $address > /dev/null || return
    expect 'file in memory' kept "$(inside $address 'cat /tmp/kept')" && both_ways
}

check_net_own_on_netd()
{
    pair_ends && pair_starts own own xenia_netfront
}

check_net_own_on_netd_carries()
{
    both_ways
}

check_net_own_on_netd_carries_v6()
{
    both_ways_v6
}

check_net_own_on_netd_groups()
{
    chooses_groups && destroy linux2
}

check_net_own_on_netd_reloads()
{
    front_reloads
}

check_net_own_netd_killed()
{
    worker_killed_under_load
}

check_net_linux_on_netd()
{
    pair_ends && pair_starts linux own xen_netfront
}

check_net_linux_on_netd_carries()
{
    both_ways
}

check_net_linux_netd_killed()
{
    worker_killed_under_load
}

check_net_linux_on_linux()
{
    pair_ends && pair_starts linux linux xen_netfront
}

check_net_linux_on_linux_carries()
{
    both_ways && pair_ends
}
