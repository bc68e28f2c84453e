# SPDX-License-Identifier: MIT
# Creates and destroys the same guest many times: nothing may be left behind.

cycle()
{
    xl create -q /tmp/tiny.cfg && wait_until 60 has_printed tiny TINY-UP &&
        xl destroy tiny && rm "$consoles/guest-tiny.log"
}

# What there is now, for comparison: MiB free, the control domain's ports, the
# store's nodes, whose listing goes to a file.
inventory()
{
    wait_until 60 nobody_else || return
    xenstore-ls -f > "/tmp/nodes.$1"
    echo "$(free_memory) MiB, $($tools/lsevtchn 0 | wc -l) ports," \
        "$(wc -l < "/tmp/nodes.$1") nodes"
}

check_cycles()
{
    tiny_config tiny idle > /dev/null
    for i in $(seq $((cycles + 10))); do
        cycle || {
            echo "in cycle $i"
            return 1
        }
        [ "$i" -ne 10 ] || before=$(inventory before)
    done
    after=$(inventory after)
    [ "$before" = "$after" ] || diff /tmp/nodes.before /tmp/nodes.after
    echo "$before before, $after after $cycles cycles"
    [ "$before" = "$after" ]
}
