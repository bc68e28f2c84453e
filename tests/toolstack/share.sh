# SPDX-License-Identifier: MIT
# Two guests that want one CPU: who gets how much, by the processor times that xl
# list shows. QEMU counts instructions, so that the host under it, which may stop
# the machine for longer than a time slice, has no part in it.

# cpu_times A B: their processor times, in tenths of a second.
cpu_times()
{
    xl list | awk -v a="$1" -v b="$2" '
        $1 == a { x = int($6 * 10) }
        $1 == b { y = int($6 * 10) }
        END { print x, y }'
}

# measure: sets used_a and used_b to what both use in 15 s, in tenths of a second.
# Destroys them.
measure()
{
    wait_until 60 has_printed a TINY-UP && wait_until 60 has_printed b TINY-UP ||
        return
    sleep 1
    before=$(cpu_times a b)
    sleep 15
    after=$(cpu_times a b)
    destroy_all
    used_a=$((${after% *} - ${before% *}))
    used_b=$((${after#* } - ${before#* }))
    echo "a has had $used_a, b $used_b tenths"
}

# is_near EXPECTED GOT: at most one twentieth off.
is_near()
{
    echo "expected $1 of 1000, got $2"
    [ $(($2 * 20)) -ge $(($1 * 19)) ] && [ $(($2 * 20)) -le $(($1 * 21)) ]
}

# share EXPECTED: what thousandth guest a gets of what both get.
share()
{
    measure && is_near "$1" $((used_a * 1000 / (used_a + used_b)))
}

# busy NAME WORD LINE...
busy()
{
    name=$1 word=$2
    shift 2
    create "$(tiny_config "$name" "$word" "$@")"
}

check_equal_weights() { busy a spin && busy b spin && share 500; }
check_double_weight()
{
    busy a spin cpu_weight=512 && busy b spin cpu_weight=256 && share 667
}
check_weight_changed_later()
{
    busy a spin && busy b spin && xl sched-credit2 -d b -w 768 && share 250
}
# A cap is a part of the CPU's time, whatever others use.
check_cap()
{
    busy a spin cap=25 && busy b spin && measure &&
        is_near 250 $((used_a * 1000 / 150))
}
check_flood_of_hypercalls() { busy a spin && busy b calls && share 500; }
check_flood_of_events() { busy a spin && busy b events && share 500; }
check_flood_of_page_table_updates()
{
    busy a spin && busy b tables && share 500
}
