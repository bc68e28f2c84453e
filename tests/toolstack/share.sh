# SPDX-License-Identifier: MIT
# Two guests that want one CPU: who gets how much. dom0 runs on CPU 0, the
# guests on CPU 1. Only processor time is compared, as xl list shows it, so that
# it does not matter how fast the host is.

# cpu_times A B: their processor times, in tenths of a second.
cpu_times()
{
    xl list | awk -v a="$1" -v b="$2" '
        $1 == a { x = int($6 * 10) }
        $1 == b { y = int($6 * 10) }
        END { print x, y }'
}

# has_shared: 12 s of the CPU have been used since $first_a, $first_b.
has_shared()
{
    read -r now_a now_b << EOF
$(cpu_times a b)
EOF
    [ $((now_a - first_a + now_b - first_b)) -ge 120 ]
}

# share EXPECTED: what thousandth guest a gets of what both get is at most one
# twentieth off. Destroys both.
share()
{
    measure_share "$1" && in_bounds "$1"
}

# weighted_share EXPECTED: the same. Debian's Xen is far off within seconds.
weighted_share()
{
    measure_share "$1" || return
    in_bounds "$1" && return
    [ "$own" = 0 ] && return 77
    return 1
}

in_bounds()
{
    [ $((got * 20)) -ge $(($1 * 19)) ] && [ $((got * 20)) -le $(($1 * 21)) ]
}

measure_share()
{
    wait_until 60 has_printed a TINY-UP && wait_until 60 has_printed b TINY-UP ||
        return
    sleep 1
    read -r first_a first_b << EOF
$(cpu_times a b)
EOF
    wait_until 300 has_shared || return
    got=$(((now_a - first_a) * 1000 /
        (now_a - first_a + now_b - first_b)))
    destroy_all
    echo "$got of 1000, expected $1"
}

# busy NAME WORD LINE...
busy()
{
    name=$1 word=$2
    shift 2
    create "$(tiny_config "$name" "$word" "cpus='1'" "$@")"
}

check_equal_weights() { busy a spin && busy b spin && share 500; }
check_double_weight()
{
    busy a spin cpu_weight=512 && busy b spin cpu_weight=256 &&
        weighted_share 667
}
check_weight_changed_later()
{
    busy a spin && busy b spin && xl sched-credit2 -d b -w 768 &&
        weighted_share 250
}
check_cap()
{
    busy a spin cap=25 && busy b spin && weighted_share 250
}
check_flood_of_hypercalls() { busy a spin && busy b calls && share 500; }
check_flood_of_events() { busy a spin && busy b events && share 500; }
check_flood_of_page_table_updates()
{
    busy a spin && busy b tables && share 500
}
