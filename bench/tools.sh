# SPDX-License-Identifier: MIT
# Checks of tests/toolstack that only measure: Debian's xl creates, saves,
# restores and destroys guests; the bench's tools run inside of one.

# Time a command: `@R NAME milliseconds`, for bench.py.
timed()
{
    row=$1
    shift
    begin=$(date +%s%N)
    "$@" > /tmp/timed 2>&1 || {
        tail -n 3 /tmp/timed
        return 1
    }
    end=$(date +%s%N)
    echo "@R xl.$row $(((end - begin) / 10000))" |
        sed 's/\(..\)$/.\1 ms/' > /dev/hvc0
}

# The last of some, when all is in the cache.
check_bench_tiny()
{
    tiny_config tiny idle > /dev/null
    for i in 1 2 3; do
        xl create -q -p /tmp/tiny.cfg && destroy tiny || return
    done
    timed list xl list &&
        timed create_tiny xl create -q -p /tmp/tiny.cfg &&
        timed destroy_tiny xl destroy tiny
}

check_bench_save()
{
    create "$(linux_config linux cloud '' "tsc_mode='native'")" &&
        wait_until 300 has_printed linux GUEST-READY &&
        timed save_128_MiB xl save linux /tmp/saved &&
        timed restore_128_MiB xl restore /tmp/saved &&
        timed destroy_128_MiB xl destroy linux
}

# mb calls itself dom0, wherever it runs.
check_bench_guest()
{
    file=$(linux_config bench cloud 'guest.then=/mb;echo_BENCH-END' \
        "tsc_mode='native'")
    cat /guest/initrd /guest/mb.img > /tmp/initrd
    sed -i 's/^memory=.*/memory=512/; s!/guest/initrd!/tmp/initrd!' "$file"
    create "$file" && wait_until 900 has_printed bench BENCH-END || return
    sed -n '/reset_to/d; s/^@R dom0/@R domu/p' $consoles/guest-bench.log \
        > /dev/hvc0
    destroy bench
}
