# SPDX-License-Identifier: MIT
# Creates and destroys the same guest many times: nothing may be left behind.

cycle()
{
    xl create -q /tmp/tiny.cfg && wait_until 60 has_printed tiny TINY-UP &&
        xl destroy tiny && rm "$consoles/guest-tiny.log"
}

# What there is now, for comparison: MiB free, the control domain's ports.
inventory()
{
    wait_until 60 nobody_else || return
    echo "$(free_memory) MiB, $($tools/lsevtchn 0 | wc -l) ports," \
        "$(xenstore-ls | wc -l) nodes"
}

check_cycles()
{
    tiny_config tiny idle > /dev/null
    for i in $(seq $((cycles + 10))); do
        cycle || {
            echo "in cycle $i"
            return 1
        }
        [ "$i" -ne 10 ] || before=$(inventory)
    done
    after=$(inventory)
    echo "$before before, $after after $cycles cycles"
    [ "$before" = "$after" ]
}
