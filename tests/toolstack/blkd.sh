# SPDX-License-Identifier: MIT
# The project's own block back-end, xen-blkd, under Linux's front-end: served,
# limited, resized, killed again and again while the guest writes.

start_blkd()
{
    start_daemon blkd
}

worker_pid()
{
    worker_of blkd
}

# Whose disks those functions mean that do not say so.
owner=linux

backend_of()
{
    echo "/local/domain/0/backend/qdisk/$(xl domid $owner)/$1"
}

# attach NUMBER PARAMS MODE: a disk, as a toolstack writes its nodes.
attach()
{
    id=$(xl domid $owner)
    back=$(backend_of "$1") front=/local/domain/$id/device/vbd/$1
    xenstore-write "$back" '' "$front" '' || return
    xenstore-chmod "$back" n0 "r$id"
    xenstore-chmod "$front" "n$id" r0
    xenstore-write "$front/backend" "$back" "$front/backend-id" 0 \
        "$front/virtual-device" "$1" "$front/device-type" disk \
        "$back/frontend" "$front" "$back/frontend-id" "$id" \
        "$back/params" "$2" "$back/mode" "$3" "$back/online" 1 \
        "$back/device-type" disk "$back/state" 1 "$front/state" 1
}

# The guest lets go of the disk, then so does the back-end.
detach()
{
    back=$(backend_of "$1")
    xenstore-write "$back/online" 0 "$back/state" 5
    wait_until 60 has_value "$back/state" 6 || return
    xenstore-rm "$back"
    xenstore-rm "/local/domain/$(xl domid linux)/device/vbd/$1"
}

check_create_plain()
{
    create "$(linux_config linux cloud "guest.ip=$address" vcpus=1 "$bridge" \
        "tsc_mode='native'")"
}

check_blkd_serves_a_file()
{
    start_blkd || return
    truncate -s 96M /disk/own.img && mkfs.ext4 -q -F /disk/own.img || return
    attach 51712 raw:/disk/own.img w && wait_until 60 guest_has_disk xvda ||
        return
    inside $address "mount -t ext4 /dev/xvda /mnt && diskcheck /mnt/data 32 &&
        md5sum < /mnt/data && umount /mnt && echo DONE" > /tmp/xvda
    grep -q DONE /tmp/xvda || {
        cat /tmp/xvda
        return 1
    }
}

# What it negotiated with Linux's front-end.
check_blkd_features()
{
    inside $address 'dmesg | grep xvda:' > /tmp/features
    cat /tmp/features
    grep -q 'flush diskcache: enabled; persistent grants: enabled; indirect descriptors: enabled' /tmp/features
}

check_blkd_is_confined()
{
    is_confined "$(worker_pid)"
}

start_disk_load()
{
    rm -f /tmp/load.*
    (
        inside $address 'mount -t ext4 /dev/xvda /mnt &&
            for i in 1 2 3 4 5 6 7 8; do
                diskcheck /mnt/a 12 && diskcheck /mnt/b 12 || echo BAD
            done
            dmesg | grep -i -E "i/o error|xvda.*error"
            umount /mnt && echo DONE' > /tmp/load.out 2>&1
        mv /tmp/load.out /tmp/load.disk
    ) &
}

disk_load_is_good()
{
    wait_until 500 [ -e /tmp/load.disk ] || return
    grep -q DONE /tmp/load.disk && ! grep -q -i -E 'BAD|error' /tmp/load.disk || {
        cat /tmp/load.disk
        return 1
    }
}

# SIGKILL twenty times while it writes: each acknowledged write is there.
check_blkd_worker_killed()
{
    start_disk_load
    killed=0
    while [ $killed -lt 20 ]; do
        sleep 0.$((killed % 9 + 1))
        old=$(worker_pid)
        kill -9 "$old" && wait_until 30 is_another_worker blkd "$old" || return
        [ -e /tmp/load.disk ] || killed=$((killed + 1))
        [ ! -e /tmp/load.disk ] || break
    done
    disk_load_is_good && echo "killed $killed times under load"
}

# All of the daemon, with a pause in which nobody answers.
check_blkd_killed()
{
    start_disk_load
    for i in 1 2 3; do
        sleep 1
        kill -9 "$(daemon_pid blkd)" && sleep 0.$i && start_blkd || return
    done
    disk_load_is_good
}

# time_reads DISK COUNT KIB: reads of that size, one after the other, in tenths of
# a second of the guest.
time_reads()
{
    inside $address "read a b < /proc/uptime
        dd if=/dev/$1 of=/dev/null bs=$3k count=$2 iflag=direct 2> /dev/null
        read c d < /proc/uptime; echo \$a \$c" |
        awk '{ print int(($2 - $1) * 10 + 0.5) }'
}

# Not faster; how much slower depends on the machine. The unit tests, whose clock
# is simulated, hold the limits from both sides.
check_blkd_limits_iops()
{
    xenstore-write "$(backend_of 51712)/iops" 100
    tenths=$(time_reads xvda 400 4)
    xenstore-write "$(backend_of 51712)/iops" 0
    echo "400 reads with 100 per second took $tenths tenths"
    [ "$tenths" -ge 36 ]
}

create_second()
{
    create "$(linux_config linux2 cloud "guest.ip=$other" vcpus=1 \
        "vif=['mac=00:16:3e:00:00:03,bridge=xenbr0']" "tsc_mode='native'")" &&
        wait_until 300 has_printed linux2 GUEST-READY || return
    truncate -s 8M /disk/second.img
    owner=linux2
    attach 51712 raw:/disk/second.img w
    (
        address=$other
        wait_until 60 guest_has_disk xvda
    )
}

# is_nearly WHAT WANTED GOT: within a tenth.
is_nearly()
{
    echo "$1: $3, wanted $2"
    [ $(($3 * 10)) -ge $(($2 * 9)) ] && [ $(($3 * 10)) -le $(($2 * 11)) ]
}

# So slow that the machine has no part in it.
check_blkd_limits_two_guests()
{
    first=$(backend_of 51712)
    create_second || return
    second=$(backend_of 51712)
    owner=linux
    xenstore-write "$first/iops" 25 "$second/iops" 50
    (
        address=$other
        time_reads xvda 500 4 > /tmp/second
    ) &
    tenths=$(time_reads xvda 250 4)
    wait $!
    xenstore-write "$first/iops" 0
    is_nearly 'tenths of the first' 100 "$tenths" &&
        is_nearly 'tenths of the second' 100 "$(cat /tmp/second)" || return
    destroy linux2 && xenstore-rm "$second"
}

check_blkd_limits_bytes()
{
    xenstore-write "$(backend_of 51712)/bps" 1048576
    # Large ones: of small ones, the way there and back would be what it takes.
    tenths=$(time_reads xvda 64 64)
    xenstore-write "$(backend_of 51712)/bps" 0
    echo "4 MiB with 1 MiB per second took $tenths tenths"
    [ "$tenths" -ge 36 ]
}

has_size()
{
    inside $address 'cat /proc/partitions' | grep -q " $2 $1\$"
}

check_blkd_resizes()
{
    truncate -s 128M /disk/own.img && wait_until 60 has_size xvda 131072
}

check_blkd_serves_a_device()
{
    truncate -s 8M /disk/extra.img
    losetup /dev/loop6 /disk/extra.img || return
    attach 51728 phy:/dev/loop6 w && wait_until 60 guest_has_disk xvdb || return
    got=$(inside $address \
        'dd if=/dev/urandom of=/dev/xvdb bs=64k 2> /dev/null; sync
         md5sum < /dev/xvdb')
    expect 'sum of the disk' "$got" "$(md5sum < /disk/extra.img)"
}

check_blkd_serves_read_only()
{
    attach 51744 /disk/extra.img r && wait_until 60 guest_has_disk xvdc || return
    got=$(inside $address 'md5sum < /dev/xvdc
        dd if=/dev/zero of=/dev/xvdc bs=4k count=1 2>&1 | grep -c -i permitted
        cat /sys/block/xvdc/ro')
    # shellcheck disable=SC2046,SC2086 # blanks and lines become one blank each
    expect 'sum, refusal, ro' "$(echo $(md5sum < /disk/extra.img) 1 1)" \
        "$(echo $got)"
}

# A hole is in the file where the guest has discarded.
check_blkd_discards()
{
    before=$(du -k /disk/extra.img | cut -f 1)
    inside $address 'blkdiscard /dev/xvdb && echo DONE' | grep -q DONE || return
    after=$(du -k /disk/extra.img | cut -f 1)
    echo "$before KiB, then $after"
    [ "$before" -ge 8192 ] && [ "$after" -lt 1024 ]
}

# One that can't be served tells why, and holds up nobody.
check_blkd_refuses()
{
    attach 51760 raw:/disk/nonexistent w
    wait_until 20 has_value "$(backend_of 51760)/state" 6 || return
    xenstore-read "/local/domain/0/error/backend/qdisk/$(xl domid linux)/51760/error" |
        grep -q 'No such file'
}

check_blkd_detaches()
{
    for disk in 51712:xvda 51728:xvdb 51744:xvdc; do
        detach ${disk%:*} && wait_until 60 guest_lacks_disk ${disk#*:} || return
    done
    losetup -d /dev/loop6
    expect 'notes left' 'lock' "$(ls /run/xen-blkd)" || return
    ls -l "/proc/$(worker_pid)/fd" | grep img && return 1
    e2fsck -f -n /disk/own.img > /tmp/fsck 2>&1 || {
        tail -n 3 /tmp/fsck
        return 1
    }
    mount -o loop,ro /disk/own.img /mnt || return
    sum=$(md5sum < /mnt/data)
    umount /mnt
    grep -q "${sum%% *}" /tmp/xvda || {
        echo "$sum here, $(cat /tmp/xvda) inside"
        return 1
    }
}

# The guest is destroyed while it uses a disk: nothing is left.
check_blkd_guest_dies()
{
    attach 51712 raw:/disk/own.img w && wait_until 60 guest_has_disk xvda || return
    back=$(backend_of 51712)
    (inside $address 'dd if=/dev/zero of=/dev/xvda bs=64k' > /dev/null 2>&1) &
    sleep 1
    destroy linux && xenstore-rm "$back" && wait_until 30 blkd_is_idle
}

blkd_is_idle()
{
    [ "$(ls /run/xen-blkd)" = lock ]
}
