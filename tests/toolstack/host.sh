# SPDX-License-Identifier: MIT
# Commands about the host, and about guests that need no operating system.

# value KEY: of xl info.
value()
{
    xl info | sed -n "s/^$1 *: //p"
}

check_info()
{
    expect nr_cpus "$cpus" "$(value nr_cpus)" || return
    expect nr_nodes 1 "$(value nr_nodes)" || return
    expect xen_major.minor 4.17 "$(value xen_major).$(value xen_minor)" ||
        return
    expect xen_scheduler credit2 "$(value xen_scheduler)" || return
    expect free_cpus 0 "$(value free_cpus)" || return
    for pair in virt_caps=pv xen_caps=xen-3.0-x86_64; do
        value ${pair%=*} | grep -q -w -- "${pair#*=}" || {
            echo "${pair%=*}: $(value ${pair%=*})"
            return 1
        }
    done
    total=$(value total_memory)
    [ "$total" -le "$memory" ] && [ "$total" -gt $((memory - 64)) ] ||
        echo "total_memory $total of a host with $memory" && return
    return 1
}

# What a guest has is what the host has less, but for its page tables and the
# like; all of it comes back.
check_memory_is_accounted()
{
    before=$(free_memory)
    create "$(config big "kernel='/guest/tiny'" memory=256)" || return
    during=$(free_memory)
    expect 'MiB in xl list' 256 "$(xl list big | awk 'NR == 2 { print $3 }')" ||
        return
    destroy big || return
    after=$(free_memory)
    echo "free: $before, with the guest $during, then $after MiB"
    [ $((before - during)) -ge 256 ] && [ $((before - during)) -le 260 ] &&
        [ "$after" -eq "$before" ]
}

check_dmesg()
{
    xl dmesg | grep -q 'Scrub\|Xenia\|Xen version' || {
        xl dmesg | head -n 3
        return 1
    }
}

check_debug_keys()
{
    xl debug-keys h && wait_until 20 dmesg_has "'h'"
}

dmesg_has()
{
    xl dmesg | tail -n 60 | grep -q -- "$1"
}

check_create_tiny()
{
    create "$(tiny_config tick tick \
        "uuid='12345678-9abc-def0-1234-56789abcdef0'")" &&
        wait_until 60 has_printed tick TINY-UP &&
        wait_until 60 has_printed tick TICK 5
}

check_domid_domname()
{
    id=$(xl domid tick) && expect domname tick "$(xl domname "$id")"
}

check_list()
{
    xl list tick | awk 'NR == 2' | grep -q -E \
        '^tick +[0-9]+ +8 +1 +[-r][-b]---- +[0-9.]+$' || {
        xl list tick
        return 1
    }
    expect 'first line' Domain-0 "$(xl list | awk 'NR == 2 { print $1 }')"
}

check_list_verbose()
{
    xl list -v tick | grep -q 12345678-9abc-def0-1234-56789abcdef0 || {
        xl list -v
        return 1
    }
}

check_list_long()
{
    xl list -l tick > /tmp/long || return
    for line in '"name": "tick"' '"max_memkb": 8192' '"weight": 256' \
        "\"domid\": $(xl domid tick)"; do
        grep -q -- "$line" /tmp/long || {
            echo "no $line: $(head -c 300 /tmp/long)"
            return 1
        }
    done
}

check_uptime()
{
    xl uptime tick | grep -q -E '^tick +[0-9]+ +[0-9]+:[0-9]+:[0-9]+' || {
        xl uptime
        return 1
    }
}

check_pause()
{
    xl pause tick || return
    expect state --p--- "$(state tick | tr rb -)" || return
    sleep 1
    before=$(grep -c TICK $consoles/guest-tick.log)
    sleep 2
    expect 'ticks of a paused guest' "$before" \
        "$(grep -c TICK $consoles/guest-tick.log)"
}

check_unpause()
{
    before=$(grep -c TICK $consoles/guest-tick.log)
    xl unpause tick &&
        wait_until 30 has_printed tick TICK $((before + 5)) &&
        has_state tick '??-???'
}

check_vcpu_list()
{
    xl vcpu-list tick | awk 'NR == 2' | grep -q -E \
        '^tick +[0-9]+ +0 +[0-9-]+ +[-rb]{3} +[0-9.]+ +all / all$' || {
        xl vcpu-list tick
        return 1
    }
    rows=$(xl vcpu-list Domain-0 | wc -l)
    expect 'rows of Domain-0' $((dom0_vcpus + 1)) "$rows"
}

check_vcpu_pin()
{
    xl vcpu-pin tick 0 1 || return
    xl vcpu-list tick | grep -q ' 1 / all$' || {
        xl vcpu-list tick
        return 1
    }
    ticks=$(grep -c TICK $consoles/guest-tick.log)
    wait_until 30 has_printed tick TICK $((ticks + 5)) || return
    expect CPU 1 "$(xl vcpu-list tick | awk 'NR == 2 { print $4 }')" || return
    xl vcpu-pin tick 0 all all
}

check_rename()
{
    xl rename tick tock && expect domname tock "$(xl domname "$(xl domid tock)")" &&
        is_gone tick && xl rename tock tick
}

check_mem_max()
{
    xl mem-max tick 16 && expect static-max 16384 \
        "$(xenstore-read "/local/domain/$(xl domid tick)/memory/static-max")"
}

check_claims()
{
    xl claims | grep -q '^tick' && xl claims |
        awk '$1 == "tick" && $NF != 0 { print; exit 1 }'
}

check_cpupool_list()
{
    guests=$(xl list | awk 'END { print NR - 1 }')
    xl cpupool-list | awk 'NR == 2' | grep -q -E \
        "^Pool-0 +$cpus +credit2 +y +$guests\$" || {
        xl cpupool-list
        return 1
    }
    xl cpupool-list -c | grep -q '^Pool-0 *0,1$' || {
        xl cpupool-list -c
        return 1
    }
}

check_cpupool_migrate()
{
    xl cpupool-migrate tick Pool-0
}

check_cpupool_cpu_remove_add()
{
    xl cpupool-cpu-remove Pool-0 1 || return
    expect 'CPUs of the pool' 0 \
        "$(xl cpupool-list -c | awk '$1 == "Pool-0" { print $2 }')"
    rc=$?
    xl cpupool-cpu-add Pool-0 1 && return $rc
}

check_sched_credit2()
{
    xl sched-credit2 -d tick | grep -q -E '^tick +[0-9]+ +256 +0$' || {
        xl sched-credit2 -d tick
        return 1
    }
    xl sched-credit2 -d tick -w 512 -c 40 || return
    xl sched-credit2 -d tick | grep -q -E '^tick +[0-9]+ +512 +40$' || {
        xl sched-credit2 -d tick
        return 1
    }
    xl sched-credit2 -s | grep -q 'ratelimit='
}

check_top()
{
    $tools/xentop -b -i 1 > /tmp/top &&
        grep -q -E '^ *tick +[-rb]+ +[0-9]+ +[0-9.]+ +8192 ' /tmp/top || {
        tail -n 3 /tmp/top
        return 1
    }
    script -q -c '{ sleep 3; echo q; } | xl top' /tmp/top < /dev/null \
        > /dev/null
    grep -q tick /tmp/top
}

# Processor time grows for the guest that computes, hardly for one that sleeps.
check_cpu_time_is_true()
{
    create "$(tiny_config busy spin)" || return
    create "$(tiny_config lazy idle)" || return
    busy=$(cpu_time busy) lazy=$(cpu_time lazy)
    wait_until 120 has_used busy $((busy + 50)) || return
    lazy=$(($(cpu_time lazy) - lazy))
    row=$(xl vcpu-list busy | awk 'NR == 2 { print int($6 * 10) }')
    destroy busy && destroy lazy || return
    echo "idle guest $lazy of 50 tenths, vcpu-list says $row"
    [ $lazy -le 1 ] && [ "$row" -ge $((busy + 50)) ]
}

# cpu_time NAME: in tenths of a second.
cpu_time()
{
    xl list "$1" | awk 'NR == 2 { print int($6 * 10) }'
}

has_used()
{
    [ "$(cpu_time "$1")" -ge "$2" ]
}

# What becomes of a guest that ends: destroyed, or kept to be looked at.
check_on_poweroff()
{
    create "$(tiny_config off poweroff)" && wait_until 60 is_gone off || return
    create "$(tiny_config off poweroff "on_poweroff='preserve'")" &&
        wait_until 60 has_state off '---s--' && destroy off
}

check_on_reboot()
{
    create "$(tiny_config again reboot)" -p && first=$(xl domid again) &&
        xl unpause again && wait_until 60 has_newer_id again "$first" || return
    wait_until 60 ends_for_good xl again
}

has_newer_id()
{
    id=$(xl domid "$1" 2> /dev/null) && [ "${id:-0}" -gt "$2" ]
}

check_on_crash()
{
    for word in crash fault; do
        create "$(tiny_config $word $word)" &&
            wait_until 60 is_gone $word || return
    done
}

check_crashed_guest_is_kept()
{
    create "$(tiny_config kept crash "on_crash='preserve'")" &&
        wait_until 60 has_state kept '---sc-' && destroy kept
}

check_watchdog()
{
    create "$(tiny_config dog watchdog "on_watchdog='preserve'")" &&
        wait_until 60 has_state dog '---sw-' && destroy dog
}

check_destroy()
{
    destroy tick
}

check_twenty_guests()
{
    before=$(free_memory)
    for i in $(seq 20); do
        xl create -q "$(tiny_config "tiny$i" idle)" || return
    done
    for i in $(seq 20); do
        wait_until 60 has_printed "tiny$i" TINY-UP || return
    done
    expect 'rows of xl list' 22 "$(xl list | wc -l)" || return
    destroy_all || return
    expect 'free MiB' "$before" "$(free_memory)"
}
