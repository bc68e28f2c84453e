# SPDX-License-Identifier: MIT
# Checks of tests/toolstack that only measure: Debian's xl creates, saves,
# restores and destroys guests; the bench's tools run inside of one.

# timed ROW COMMAND...: `@R xl.ROW milliseconds ms`, for bench.py.
timed()
{
    row=$1
    shift
    /toolstack/timed "xl.$row" "$@" > /tmp/timed 2>&1 || {
        tail -n 3 /tmp/timed
        return 1
    }
}

# What follows is done with both tools on one hypervisor and Debian's xenstored:
# rows stock.* and own.*. With xenia.bench_who=all_own on the command line it is
# done with the project's own ones only.
both=${bench_who:-stock own}

tool()
{
    case $1 in
    stock) echo xl ;;
    *) echo /toolstack/xl ;;
    esac
}

# The last of some, when all is in the cache.
check_bench_tiny()
{
    tiny_config tiny idle > /dev/null
    for who in $both; do
        xl=$(tool $who)
        for i in 1 2 3; do
            $xl create -q -p /tmp/tiny.cfg && destroy tiny || return
        done
        timed $who.list_0 "$xl" list &&
            timed $who.create_tiny "$xl" create -q -p /tmp/tiny.cfg &&
            timed $who.destroy_tiny "$xl" destroy tiny || return
    done
    steps /tmp/tiny.cfg && destroy tiny
}

# steps CONFIG: where a create of the project's own xl spends its time.
steps()
{
    /toolstack/xl -T create -q -p "$1" 2>&1 | sed 's/^/ : /' > /dev/hvc0
}

# Debian's kernel, seen before, with a disk and a network.
check_bench_linux()
{
    truncate -s 8M /disk/bench.img
    linux_config linux vmlinuz '' "vif=['bridge=xenbr0']" \
        "disk=['file:/disk/bench.img,xvda,w']" > /dev/null
    for who in $both; do
        xl=$(tool $who)
        $xl create -q -p /tmp/linux.cfg && destroy linux || return
        timed $who.create_linux "$xl" create -q -p /tmp/linux.cfg &&
            timed $who.destroy_linux "$xl" destroy linux || return
    done
    steps /tmp/linux.cfg && destroy linux
}

# The control domain's memory that is free, in KiB, with nothing in caches.
dom0_free()
{
    sync
    echo 3 > /proc/sys/vm/drop_caches
    awk '/^MemFree/ { print $2 }' /proc/meminfo
}

# A hundred guests that wait; what one of them costs, and what the next one takes.
check_bench_many()
{
    for who in $both; do
        xl=$(tool $who)
        before=$(dom0_free)
        for i in $(seq 99); do
            $xl create -q -p "$(tiny_config "tiny$i" idle)" || return
        done
        after=$(dom0_free)
        echo "@R xl.$who.memory_per_guest $(((before - after) / 99)) KiB" \
            > /dev/hvc0
        timed $who.create_tiny_100th "$xl" create -q -p /tmp/tiny.cfg &&
            timed $who.list_100 "$xl" list || return
        destroy_all || return
    done
}

check_bench_save()
{
    for who in $both; do
        xl=$(tool $who)
        create "$(linux_config linux cloud '' "tsc_mode='native'")" &&
            wait_until 300 has_printed linux GUEST-READY &&
            timed $who.save_128_MiB "$xl" save linux /tmp/saved &&
            timed $who.restore_128_MiB "$xl" restore /tmp/saved &&
            timed $who.destroy_128_MiB "$xl" destroy linux || return
        rm /tmp/saved
    done
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

# block_pair NAME MODULE BACK: a guest with this front-end on this back-end, both
# on one loop device; "file" is xen-blkd with what lies behind that. The first read
# is not the guest's boot's: the module comes last.
block_pair()
{
    file=$(linux_config linux cloud \
        "guest.blk=later guest.then=/blkbench_$1_/dev/xvda_/mod/$2;echo_BENCH-END" \
        "tsc_mode='native'")
    sed -i 's!/guest/initrd!/tmp/initrd!' "$file"
    case $3 in
    linux) echo "disk=['phy:/dev/loop6,xvda,w']" >> "$file" && create "$file" -p ;;
    own) create "$file" -p && attach 51712 phy:/dev/loop6 w ;;
    file) create "$file" -p && attach 51712 raw:/tmp/block.img w ;;
    esac
    xl unpause linux && wait_until 900 has_printed linux BENCH-END || return
    grep '^@' $consoles/guest-linux.log | tr -d '\r' > /dev/hvc0
    grep -q "^@R block.$1.read_4k_depth_8" $consoles/guest-linux.log || return
    back=$(backend_of 51712)
    destroy linux
    xenstore-rm "$back" 2> /dev/null
    return 0
}

# The disk is memory, so that what is timed is the way to it.
check_bench_block()
{
    truncate -s 64M /tmp/block.img && losetup /dev/loop6 /tmp/block.img &&
        start_blkd || return
    cat /guest/initrd /guest/blkbench.img > /tmp/initrd
    /toolstack/blkbench dom0-loop /dev/loop6 > /dev/hvc0
    block_pair linux-linux xen-blkfront.ko linux &&
        block_pair linux-own xen-blkfront.ko own &&
        block_pair own-linux xenia-blkfront.ko linux &&
        block_pair own-own xenia-blkfront.ko own &&
        block_pair linux-file xen-blkfront.ko file &&
        block_pair own-file xenia-blkfront.ko file
}

# net_pair NAME FRONT BACK: a guest with this front-end on this back-end sends to
# the control domain, and gets from there.
net_pair()
{
    file=$(linux_config linux cloud \
        "guest.ip=$address guest.net=$2 guest.then=/netbench_$1_$here;echo_BENCH-END" \
        "tsc_mode='native'")
    sed -i 's!/guest/initrd!/tmp/initrd!' "$file"
    case $3 in
    linux) echo "$bridge" >> "$file" && create "$file" -p ;;
    own) create "$file" -p && attach_nic linux 00:16:3e:00:00:02 ;;
    esac
    xl unpause linux && wait_until 900 has_printed linux BENCH-END || return
    grep '^@' $consoles/guest-linux.log | tr -d '\r' > /dev/hvc0
    grep -q "^@R net.$1.round_trip" $consoles/guest-linux.log && pair_ends
}

check_bench_net()
{
    cat /guest/initrd /guest/netbench.img > /tmp/initrd
    start_daemon netd || return
    /toolstack/netbench serve &
    server=$!
    /toolstack/netbench dom0-loop 127.0.0.1 > /dev/hvc0
    net_pair linux-linux linux linux && net_pair linux-own linux own &&
        net_pair own-linux own linux && net_pair own-own own own
    good=$?
    kill $server
    return $good
}
