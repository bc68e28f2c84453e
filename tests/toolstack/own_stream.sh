# SPDX-License-Identifier: MIT
# The project's own xl saves, restores, migrates and dumps guests, beside
# Debian's: what one writes the other reads.

own_saved=/disk/own.saved

# stream_guest XL [LINE...]: a Linux guest that keeps a word in memory, with disks
# and a network.
stream_guest()
{
    xl=$1
    shift
    make_disks || return
    $xl create -q "$(linux_config linux cloud "guest.ip=$address" vcpus=2 \
        "$bridge" "$@" \
        "disk=['phy:/dev/loop7,xvda,w','file:/disk/file.img,xvdb,w']")" &&
        wait_until 300 has_printed linux GUEST-READY || return
    inside $address 'echo kept > /tmp/kept'
}

sees_both_cpus()
{
    [ "$(inside $address 'cat /sys/devices/system/cpu/online')" = 0-1 ]
}

# Its memory is there and its devices work.
stream_guest_goes_on()
{
    wait_until 60 ping -c 1 -W 1 -q $address > /dev/null || return
    expect 'file in memory' kept "$(inside $address 'cat /tmp/kept')" || return
    wait_until 30 sees_both_cpus || return
    check_disk
}

check_stream_guest_starts()
{
    stream_guest $own
}

# stream_pass SAVER RESTORER: a guest goes through a file.
stream_pass()
{
    $1 save linux $own_saved && wait_until 60 is_gone linux || return
    $2 restore $own_saved || return
    rm $own_saved
    stream_guest_goes_on
}

check_stream_own_to_stock()
{
    stream_pass $own xl
}

check_stream_stock_to_own()
{
    stream_pass xl $own
}

# pins NAME: the CPU of each of its vcpus, or `all`.
pins()
{
    echo $(xl vcpu-list "$1" | awk 'NR > 1 { print $7 }')
}

# What was pinned since it was created, too.
check_stream_own_to_own()
{
    $own vcpu-pin linux 1 0 && stream_pass $own $own &&
        expect pins 'all 0' "$(pins linux)" && $own vcpu-pin linux 1 all
}

# A snapshot: the guest goes on, and so does its copy after its end.
check_stream_checkpoint()
{
    $own save -c linux $own_saved && stream_guest_goes_on || return
    $own destroy linux && wait_until 60 is_gone linux || return
    $own restore $own_saved && stream_guest_goes_on || return
    rm $own_saved
    inside $address 'sync'
    $own save -p linux $own_saved && has_state linux '??p---' &&
        $own unpause linux && stream_guest_goes_on && rm $own_saved
}

check_stream_guest_ends()
{
    $own shutdown -w linux && wait_until 60 is_gone linux &&
        has_printed linux GUEST-POWEROFF || return
    losetup -d /dev/loop7
}

# A tiny guest that can suspend itself.
moving_guest()
{
    rm -f $consoles/guest-mover*
    $own create -q -e "$(tiny_config mover suspend)" &&
        wait_until 60 has_printed mover TINY-UP
}

# The way to the other host: this one again. relay HOST xl COMMAND OPTION...
# cuts the connection after /tmp/cut.to and /tmp/cut.from bytes, and counts. A
# cut ends both directions: without the shell the sender sees it, too.
make_relay()
{
    cat > /tmp/relay << 'EOF'
#!/bin/sh
receiver=$(cat /tmp/receiver)
shift 2
case "$*" in
*--outcome*) exec $receiver "$@" ;;
esac
from=$(cat /tmp/cut.from)
stdbuf -o0 head -c "$(cat /tmp/cut.to)" | tee /tmp/sent | $receiver "$@" |
    tee /tmp/answered | {
    stdbuf -o0 head -c "$from"
    [ "$from" -ge 1000000000 ] || kill $$
}
EOF
    chmod 755 /tmp/relay
    cut_after 1000000000 1000000000 $own
}

# cut_after TO FROM RECEIVER
cut_after()
{
    echo "$1" > /tmp/cut.to
    echo "$2" > /tmp/cut.from
    echo "$3" > /tmp/receiver
}

# Exactly one guest of that name, which runs, and nothing of the other.
mover_runs_once()
{
    expect 'guests' mover "$(xl list | awk '/^mover/ { print $1 }' | tr '\n' ' ' |
        sed 's/ $//')" || return
    has_state mover '[r-][b-]----'
}

check_stream_migrate()
{
    make_relay && moving_guest || return
    first=$(xl domid mover)
    $own migrate -e -s /tmp/relay mover here 2> /tmp/migrate.err || {
        cat /tmp/migrate.err
        return 1
    }
    wait_until 30 mover_runs_once || return
    [ "$(xl domid mover)" != "$first" ] || return
    wait_until 30 mover_speaks
}

# Its log has the name that it had when xenconsoled saw it.
mover_speaks()
{
    has_printed mover--incoming TINY-RESTORED ||
        has_printed mover TINY-RESTORED
}

# Debian's xl at the other end, or at this one.
check_stream_migrate_with_stock()
{
    cut_after 1000000000 1000000000 xl
    first=$(xl domid mover)
    $own migrate -e -s /tmp/relay mover here || return
    wait_until 30 mover_runs_once || return
    second=$(xl domid mover)
    [ "$second" != "$first" ] || return
    cut_after 1000000000 1000000000 $own
    stock_sends || return
    wait_until 30 mover_runs_once || return
    [ "$(xl domid mover)" != "$second" ] || ! is_xenia
}

# Debian's xl to ours. Debian's hypervisor is built without shadow paging, so that
# it lacks the log of dirty pages: there it ends early, and the guest stays.
stock_sends()
{
    if is_xenia; then
        xl migrate -e -s /tmp/relay mover here
    else
        ! xl migrate -e -s /tmp/relay mover here 2> /tmp/migrate.err &&
            grep -q 'Failed to enable logdirty' /tmp/migrate.err
    fi
}

# cut_at TO FROM: a migration whose connection ends there leaves one guest.
cut_at()
{
    cut_after "$1" "$2" $own
    timeout 120 $own migrate -e -s /tmp/relay mover here > /tmp/cut.out 2>&1
    wait_until 30 mover_runs_once || {
        echo "cut after $1 and $2 bytes: $(tail -n 2 /tmp/cut.out)"
        xl list | grep mover
        return 1
    }
}

# At all places that differ, in both directions: the last message there is 44
# bytes long, those back are 54, 34, 39 and 1.
check_stream_migrate_cuts()
{
    all=1000000000
    cut_at $all $all || return
    sent=$(wc -c < /tmp/sent)
    expect 'bytes back' 128 "$(wc -c < /tmp/answered)" || return
    for to in 0 1 31 48 100 1500 5000 70000 4200000 $((sent - 53)) \
        $((sent - 45)) $((sent - 44)) $((sent - 43)) $((sent - 20)) \
        $((sent - 1)) "$sent"; do
        cut_at "$to" $all || return
    done
    for from in 0 1 53 54 55 87 88 89 100 126 127 128; do
        cut_at $all $from || return
    done
}

# Who can't be asked is not trusted: the guest waits, and a person decides.
check_stream_migrate_unknown()
{
    cut_after 1000000000 88 $own
    fails 21 'stays here, suspended, as mover--migratedaway' migrate -e \
        -s 'sh -c "/tmp/relay here xl migrate-receive -e" #' mover here || return
    wait_until 30 has_state mover '[r-][b-]----' &&
        has_state mover--migratedaway '??-ss-' || return
    $own destroy mover && $own rename mover--migratedaway mover &&
        $own resume mover && wait_until 30 mover_runs_once || return
    fails 21 'does not start' migrate -s false mover here || return
    mover_runs_once && $own destroy mover
}

# section FILE NAME: of an ELF file; the headers as public in elf.h.
section()
{
    number() { od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }
    table=$(number "$1" 40 8) count=$(number "$1" 60 2)
    strings=$((table + 64 * $(number "$1" 62 2)))
    strings=$(number "$1" $((strings + 24)) 8)
    while [ "$count" -gt 0 ]; do
        count=$((count - 1))
        head=$((table + 64 * count))
        word=$((strings + $(number "$1" $head 4)))
        if [ "$(dd if="$1" bs=1 skip=$word count=$((${#2} + 1)) 2> /dev/null |
            tr '\0' .)" = "$2." ]; then
            tail -c +$(($(number "$1" $((head + 24)) 8) + 1)) "$1" |
                head -c "$(number "$1" $((head + 32)) 8)"
        fi
    done
}

# Beside Debian's file of the same guest, which is paused.
check_stream_dump_core()
{
    moving_guest && $own save -p mover $own_saved || return
    rm $own_saved
    xl dump-core mover /tmp/stock.core && $own dump-core mover /tmp/own.core ||
        return
    for name in .note.Xen .xen_prstatus .xen_shared_info .xen_p2m .xen_pages; do
        section /tmp/stock.core $name > /tmp/stock.part
        section /tmp/own.core $name > /tmp/own.part
        [ -s /tmp/own.part ] && cmp /tmp/stock.part /tmp/own.part || {
            echo "$name differs: $(wc -c < /tmp/stock.part) bytes, ours $(wc -c < /tmp/own.part)"
            return 1
        }
    done
    has_state mover '??p---' && rm /tmp/*.core && $own destroy mover
}

# GRUB finds the kernel on the guest's disk.
check_stream_pygrub()
{
    truncate -s 64M /disk/grub.img && mkfs.ext4 -q -F /disk/grub.img &&
        mount -o loop /disk/grub.img /mnt || return
    mkdir -p /mnt/boot/grub
    cp /guest/vmlinuz /mnt/boot/vmlinuz
    cp /guest/initrd /mnt/boot/initrd
    cat > /mnt/boot/grub/grub.cfg << EOF
set timeout=0
menuentry guest {
    linux /boot/vmlinuz console=hvc0 quiet guest.then=echo_FROM-GRUB
    initrd /boot/initrd
}
EOF
    umount /mnt
    file=$(config grub "bootloader='pygrub'" memory=192 \
        "disk=['file:/disk/grub.img,xvda,w']")
    fails 13 'install the package grub-xen-host' create "$file" || return
    XENIA_GRUB=/guest/grub $own create -q "$file" || return
    wait_until 300 has_printed grub FROM-GRUB &&
        $own shutdown -w grub && wait_until 60 is_gone grub
}
