# SPDX-License-Identifier: MIT
# Checks of tests/toolstack: five hundred guests on one host, by the project's
# own xl and daemons. Time is instructions (icount): no host disturbs it.

scale_guests=${guests:-500}
scale_part=$((scale_guests / 10))
scale_xl=/toolstack/xl

# What WORK cannot take less than: eight million instructions of 8 ns each.
scale_work_least=64000

# work_time FILE: lines `WORK us` of a guest that works; half of them are faster.
# Nobody looks at it meanwhile, or dom0 would have its share of the CPU.
work_time()
{
    tiny_config worker work > /dev/null
    $scale_xl create -q /tmp/worker.cfg || return
    sleep 4
    expect 'twenty WORKs in four seconds' yes \
        "$(has_printed worker WORK 20 && echo yes)" || return
    $scale_xl destroy worker || return
    sed -n 's/^WORK *//p' "$consoles/guest-worker.log" | sort -n |
        awk '{ us[NR] = $1 } END { print us[int((NR + 1) / 2)] }' > "$1"
    rm "$consoles/guest-worker.log"
    [ "$(cat "$1")" -ge $scale_work_least ] || {
        echo "$(cat "$1") us are less than the work's own instructions take"
        return 1
    }
}

# KiB that the host has free, and those that its domains have: what it has less
# of both is the hypervisor's. The plan of a create has the first in KiB, `xl
# info` in MiB only.
scale_memory()
{
    {
        $scale_xl --json list
        $scale_xl --json create --plan "$(tiny_config plan idle)" |
            grep '"host_free_kib"'
    } | awk '/"(memory|host_free)_kib"/ { kib += $2 + 0 } END { print kib }'
}

# The project's own console daemon from here on.
check_scale_alone()
{
    stop_consoled && start_own_consoled || return
    work_time /tmp/work_alone || return
    echo "$(cat /tmp/work_alone) us"
}

# scale_create FIRST LAST
scale_create()
{
    for i in $(seq "$1" "$2"); do
        $scale_xl create -q "$(config "tiny$i" "kernel='/guest/tiny'" \
            "extra='idle'" memory=5)" || return
    done
}

# scale_ms COMMAND...: how long it takes.
scale_ms()
{
    start=$(awk '{ print int($1 * 1000) }' /proc/uptime)
    "$@" > /dev/null || return
    echo $(($(awk '{ print int($1 * 1000) }' /proc/uptime) - start))
}

check_scale_create()
{
    before=$(scale_memory)
    first=$(scale_ms scale_create 1 $scale_part) || return
    scale_create $((scale_part + 1)) $((scale_guests - scale_part)) || return
    last=$(scale_ms scale_create $((scale_guests - scale_part + 1)) \
        "$scale_guests") || return
    after=$(scale_memory)
    each=$(((before - after) / scale_guests))
    expect guests $((scale_guests + 2)) "$($scale_xl list | wc -l)" || return
    echo "a create takes $((first / scale_part)) ms, the last" \
        "$((last / scale_part)) ms; a guest takes $each KiB besides its own memory"
    [ "$last" -le $((first * 3 / 2)) ] && [ "$each" -gt 0 ] &&
        [ "$each" -le 40 ]
}

# A guest among idle ones is as fast as alone, within a hundredth.
check_scale_busy()
{
    alone=$(cat /tmp/work_alone)
    work_time /tmp/work_among || return
    among=$(cat /tmp/work_among)
    echo "alone $alone us, among $scale_guests idle guests $among us"
    [ "$among" -le $((alone + alone / 100)) ]
}

check_scale_destroy()
{
    for i in $(seq "$scale_guests"); do
        $scale_xl destroy "tiny$i" || return
    done
    wait_until 60 nobody_else
}
