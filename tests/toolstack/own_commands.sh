# SPDX-License-Identifier: MIT
# Commands of the project's own xl for the host and for guests beyond those of
# own.sh; most of them beside Debian's.

# The process id of the one that watches all guests.
watcher()
{
    for comm in /proc/[0-9]*/comm; do
        [ "$(cat "$comm" 2> /dev/null)" != xl-watch ] ||
            echo "$comm" | cut -d / -f 3
    done
}

nobody_watches()
{
    [ -z "$(watcher)" ]
}

# One for all guests; killed, it is started again by the next command, which may
# be about something else. It goes when the last guest has gone.
check_own_one_watcher()
{
    destroy_all && wait_until 20 nobody_watches || return
    $own create -q "$(tiny_config one idle)" &&
        $own create -q -p "$(tiny_config two poweroff)" || return
    first=$(watcher)
    expect watchers 1 "$(echo "$first" | wc -w)" || return
    kill -9 "$first" && $own unpause two || return
    wait_until 20 is_gone two || return
    expect 'another one' yes "$([ "$(watcher)" != "$first" ] && echo yes)" ||
        return
    grep -q 'powered off: destroy' /var/log/xen/xl-two.log || {
        echo 'nothing in the log'
        return 1
    }
    $own destroy one && wait_until 20 is_gone one &&
        wait_until 20 nobody_watches
}

check_own_pools()
{
    $own create -q -p "$(tiny_config one idle)" &&
        $own cpupool-cpu-remove Pool-0 1 || return
    printf 'name="fast"\nsched="credit2"\ncpus=["1"]\n' > /tmp/pool.cfg
    $own cpupool-create /tmp/pool.cfg > /tmp/own.out || return
    expect output 'Using config file "/tmp/pool.cfg"
cpupool name:   fast
scheduler:      credit2
number of cpus: 1' "$(cat /tmp/own.out)" || return
    all_same cpupool-list 'cpupool-list -c' 'list -v -c' &&
        $own cpupool-migrate one fast && all_same 'list -v -c one' &&
        fails 2 'is in it' cpupool-destroy fast &&
        $own cpupool-rename fast faster && xl cpupool-migrate one Pool-0 &&
        $own cpupool-destroy faster && $own cpupool-cpu-add Pool-0 1 &&
        all_same cpupool-list && $own destroy one || return
    expect 'nodes of pools' 1 "$(xenstore-list /local/pool | wc -l)"
}

check_own_scheduler_parameters()
{
    $own sched-credit2 -s -r 2000 && all_same 'sched-credit2 -s' &&
        $own sched-credit2 -s -r 1000 && all_same 'sched-credit2 -s' sched-credit2
}

# The store daemon's limit for the nodes of a guest, as its own tool tells it.
limit_of_nodes()
{
    xenstore-control quota | sed -n 's/^nodes *: *\([0-9]*\).*/\1/p'
}

check_own_quotas()
{
    before=$(limit_of_nodes)
    $own xenstore-quota-set -g nodes=1234 &&
        expect limit 1234 "$(limit_of_nodes)" &&
        expect shown 1 "$($own xenstore-quota-get -g |
            grep -c '^nodes *: *1234 ')" &&
        $own xenstore-quota-set -g "nodes=$before" || return
    fails 2 'did you mean' xenstore-quota-set -g nodse=1 || return
    $own create -q -p "$(tiny_config one idle)" &&
        $own xenstore-quota-get one | grep -q '^nodes *: *[1-9]' &&
        $own destroy one
}

# What is not there: as the stock tool says it, or with a reason.
check_own_refusals()
{
    $own create -q -p "$(tiny_config one idle)" || return
    all_same 'channel-list one' 'pci-list one' getenforce &&
        fails 16 'only HVM guests have it' trigger one power &&
        fails 16 'no security module' setenforce 1 &&
        fails 16 "can't be given" pci-attach one 00:03.0 &&
        fails 2 'no number from 1 to 1' vcpu-set one 9 && $own destroy one ||
        return
    $own create -q -p "$(tiny_config one idle maxvcpus=9 vcpus=1)" || return
    fails 2 'the host has' vcpu-set one 9 && $own destroy one
}

# A first signal takes back what is half done.
check_own_cancel()
{
    $own create -q -p "$(tiny_config one idle)" || return
    $own shutdown -w one > /dev/null 2> /tmp/own.err &
    pid=$!
    wait_until 20 asked_to_end || return
    kill -TERM $pid
    wait $pid
    expect status 15 $? || return
    expect request '' "$(xenstore-read \
        "/local/domain/$(xl domid one)/control/shutdown")" && $own destroy one
}

asked_to_end()
{
    [ "$(xenstore-read "/local/domain/$(xl domid one)/control/shutdown")" = poweroff ]
}
