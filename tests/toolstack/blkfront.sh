# SPDX-License-Identifier: MIT
# The project's own block front-end in Debian's kernel, and Linux's, each with
# Linux's back-end and with xen-blkd: a root file system, data that fio verifies,
# xen-blkd killed meanwhile.

# The control domain's own system, as a disk for guests to start from.
check_front_make_root()
{
    truncate -s 300M /disk/root.img && mkfs.ext4 -q -F /disk/root.img &&
        mkdir -p /mnt && mount -o loop /disk/root.img /mnt || return
    mkdir /mnt/dev /mnt/proc /mnt/sys /mnt/tmp /mnt/root /mnt/mnt /mnt/run
    cp -a /bin /etc /lib /lib64 /sbin /usr /mnt/ && rm -rf /mnt/lib/modules &&
        umount /mnt || return
    truncate -s 48M /disk/data.img
    start_blkd
}

# front_config FRONT LINE...: a guest that starts from its disk xvda, with memory
# for fio's libraries.
front_config()
{
    front=$1
    shift
    file=$(linux_config linux cloud "guest.ip=$address guest.blk=$front guest.root=xvda" \
        vcpus=1 "$bridge" "tsc_mode='native'" "$@")
    sed -i 's/^memory=.*/memory=256/' "$file"
    echo "$file"
}

# create_on BACK FRONT: the root file system by that back-end, the data by the
# other one.
create_on()
{
    losetup -f --show /disk/root.img > /tmp/root.loop &&
        losetup -f --show /disk/data.img > /tmp/data.loop || return
    case $1 in
    linux)
        create "$(front_config "$2" "disk=['phy:$(cat /tmp/root.loop),xvda,w']")" \
            -p && attach 51728 raw:/disk/data.img w
        ;;
    own)
        create "$(front_config "$2" "disk=['phy:$(cat /tmp/data.loop),xvdb,w']")" \
            -p && attach 51712 raw:/disk/root.img w
        ;;
    esac && xl unpause linux && wait_until 300 has_printed linux GUEST-READY
}

# Its root is where it should be, by the driver that it should be.
guest_is_on_disk()
{
    inside $address 'grep " / " /proc/mounts; ls /sys/bus/xen/drivers /sys/block
        cat /proc/modules' > /tmp/seen
    grep -q '^/dev/xvda / ext4 rw' /tmp/seen && grep -q "^$1 " /tmp/seen &&
        grep -q xvdb /tmp/seen || {
        cat /tmp/seen
        return 1
    }
}

guest_writes_root()
{
    inside $address "diskcheck /data 24 && md5sum < /data && echo DONE" \
        > /tmp/root.sum
    grep -q DONE /tmp/root.sum || {
        cat /tmp/root.sum
        return 1
    }
}

# The guest ends by itself; what it wrote is in the file, which is in order.
shut_down()
{
    has_disk=$(xl list | grep -c '^linux ')
    expect guests 1 "$has_disk" || return
    xl shutdown linux && wait_until 120 is_gone linux || return
    for node in $(xenstore-list /local/domain/0/backend/qdisk 2> /dev/null); do
        xenstore-rm "/local/domain/0/backend/qdisk/$node"
    done
    losetup -d "$(cat /tmp/root.loop)" "$(cat /tmp/data.loop)"
    e2fsck -f -n /disk/root.img > /tmp/fsck 2>&1 || {
        tail -n 5 /tmp/fsck
        return 1
    }
    ! grep -q -i recover /tmp/fsck || return
    mount -o loop,ro /disk/root.img /mnt && sum=$(md5sum < /mnt/data)
    umount /mnt
    grep -q "${sum%% *}" /tmp/root.sum || {
        echo "$sum here, $(cat /tmp/root.sum) inside"
        return 1
    }
}

# fio DISK SIZE LOOPS: writes, reads all back, compares each block with what was
# acknowledged; prints FIO-GOOD.
fio_command()
{
    echo "fio --name=verify --filename=/dev/$1 --ioengine=libaio --direct=1 \
        --rw=randwrite --bsrange=4k-128k --iodepth=16 --size=$2 --loops=$3 \
        --verify=crc32c --verify_fatal=1 --verify_state_save=0 --randrepeat=0 \
        --output-format=terse > /tmp/fio.log 2>&1 && echo FIO-GOOD ||
        cat /tmp/fio.log; dmesg | grep -i -E 'i/o error|xvd.*error'"
}

fio_is_good()
{
    inside $address "$(fio_command "$@")" > /tmp/fio.out
    grep -q FIO-GOOD /tmp/fio.out && ! grep -q -i error /tmp/fio.out || {
        tail -n 5 /tmp/fio.out
        return 1
    }
}

check_front_own_on_linux()
{
    create_on linux own && guest_is_on_disk xenia_blkfront && guest_writes_root
}

check_front_own_verifies_on_blkd()
{
    fio_is_good xvdb 24M 1
}

front_is_closed()
{
    [ "$(xenstore-read "$front/state")" = 6 ]
}

# The nodes of xvdc go one by one: the guest's own last.
lose_disk()
{
    id=$(xl domid linux)
    front=/local/domain/$id/device/vbd/51744
    back=/local/domain/0/backend/vbd/$id/51744
    xenstore-write "$back/online" 0 "$back/state" 5 &&
        wait_until 20 front_is_closed && xenstore-rm "$back" && sleep 1 &&
        xenstore-rm "$front" && xenstore-rm "/libxl/$id/device/vbd/51744"
}

# A disk is given to the guest and taken away, also where its back-end's node
# goes first.
check_front_own_is_detached()
{
    truncate -s 8M /disk/more.img
    loop=$(losetup -f --show /disk/more.img) || return
    for taken in 'xl block-detach linux xvdc' lose_disk; do
        xl block-attach linux "phy:$loop,xvdc,w" &&
            wait_until 30 guest_has_disk xvdc &&
            inside $address 'dd if=/dev/xvdc of=/dev/null bs=1M count=4 2>&1' &&
            $taken && wait_until 30 guest_lacks_disk xvdc || return
    done
    losetup -d "$loop"
    inside $address 'dmesg' > /tmp/seen
    ! grep -E 'BUG|Oops|general protection|WARNING' /tmp/seen &&
        guest_is_on_disk xenia_blkfront
}

# SIGKILL twenty times while fio verifies.
check_front_own_blkd_killed()
{
    blkd_killed_under_fio
}

blkd_killed_under_fio()
{
    rm -f /tmp/fio.done /tmp/fio.enough
    (
        for round in $(seq 60); do
            [ ! -e /tmp/fio.enough ] || break
            fio_is_good xvdb 16M 1 > /tmp/fio.result || break
        done
        mv /tmp/fio.result /tmp/fio.done
    ) &
    killed=0
    while [ $killed -lt 20 ] && [ ! -e /tmp/fio.done ]; do
        sleep 0.$((killed % 9 + 1))
        old=$(worker_pid)
        kill -9 "$old" && wait_until 30 is_another_worker blkd "$old" || return
        killed=$((killed + 1))
    done
    touch /tmp/fio.enough
    wait_until 500 [ -e /tmp/fio.done ] || return
    echo "killed $killed times; $(cat /tmp/fio.done)"
    [ $killed -eq 20 ] && [ ! -s /tmp/fio.done ]
}

check_front_own_on_linux_ends()
{
    shut_down
}

check_front_own_on_blkd()
{
    create_on own own && guest_is_on_disk xenia_blkfront && guest_writes_root
}

check_front_own_verifies_on_linux()
{
    fio_is_good xvdb 24M 1
}

check_front_own_on_blkd_ends()
{
    shut_down
}

check_front_linux_on_linux()
{
    create_on linux linux && guest_is_on_disk xen_blkfront && guest_writes_root
}

check_front_linux_verifies_on_blkd()
{
    fio_is_good xvdb 24M 1
}

check_front_linux_blkd_killed()
{
    blkd_killed_under_fio
}

check_front_linux_verifies_on_linux()
{
    inside $address 'dd if=/dev/zero of=/file bs=1M count=24 2> /dev/null'
    inside $address "$(fio_command ../file 24M 1)" > /tmp/fio.out
    grep -q FIO-GOOD /tmp/fio.out || {
        tail -n 5 /tmp/fio.out
        return 1
    }
}

check_front_linux_on_linux_ends()
{
    shut_down
}

# ---- The bare guest, in 1 MiB -------------------------------------------

# bare_says COMMAND PATTERN: type it, and wait for what it answers.
bare_says()
{
    before=$(grep -c -e "$2" $consoles/guest-bare.log)
    printf '%s\r' "$1" > "$(xenstore-read "/local/domain/$(xl domid bare)/console/tty")"
    wait_until 30 has_printed bare "$2" $((before + 1)) || {
        tail -n 5 $consoles/guest-bare.log
        return 1
    }
}

check_bare_starts()
{
    truncate -s 1M /disk/bare.img
    printf 'sector-three' | dd of=/disk/bare.img bs=512 seek=3 conv=notrunc \
        2> /dev/null
    rm -f $consoles/guest-bare.log
    /toolstack/xl create -q "$(config bare "kernel='/guest/bare'" memory=1 \
        "disk=['/disk/bare.img,,xvda,w']" "$bridge")" &&
        wait_until 60 has_printed bare 'disk: 2048 sectors' &&
        expect 'MiB in xl list' 1 "$(xl list bare | awk 'NR == 2 { print $3 }')" &&
        bare_says help '^halt: '
}

check_bare_reads_and_writes()
{
    bare_says 'read 3' '000  73 65 63 74 .*sector-three' &&
        bare_says 'write 5 five by bare' '^written' &&
        bare_says 'read 5' 'five by bare' &&
        bare_says 'read 2048' '^error ' && bare_says 'echo 40 + 2' '^40 + 2' &&
        bare_says nonsense 'try help'
}

# Its address comes by ARP; nobody answers for another one.
check_bare_network()
{
    bare_says 'net 10.9.0.256' '^which address' &&
        bare_says "net $address" "net: up, 00:16:3e:00:00:02, $address" &&
        ping -c 3 -W 5 -q $address && bare_says net ' 3 pings' &&
        ping -c 2 -W 5 -s 1472 -q $address && bare_says net ' 5 pings' || return
    ! ping -c 1 -W 1 -q $other && bare_says net ' 5 pings'
}

# free_kib: what the guest says of itself.
free_kib()
{
    sed -n 's/.* KiB, \([0-9]*\) KiB free.*/\1/p' $consoles/guest-bare.log |
        tail -n 1
}

set_bare_target()
{
    xenstore-write "/local/domain/$(xl domid bare)/memory/target" "$1" &&
        sleep 1 && bare_says info 'KiB free'
}

check_bare_balloon()
{
    bare_says info 'KiB free' && all=$(free_kib) && set_bare_target 984 &&
        less=$(free_kib) && set_bare_target 1024 && again=$(free_kib) || return
    expect 'KiB free at first, with less, again' \
        "$all $((all - 40)) $all" "$all $less $again"
}

check_bare_halts()
{
    printf 'halt\r' > "$(xenstore-read "/local/domain/$(xl domid bare)/console/tty")"
    wait_until 60 is_gone bare &&
        expect 'sector 5' 'five by bare' \
            "$(dd if=/disk/bare.img bs=512 skip=5 count=1 2> /dev/null |
                tr -d '\0')"
}

# is_another NAME ID: a guest has the name that another one had.
is_another()
{
    id=$(xl domid "$1" 2> /dev/null) && [ "$id" != "$2" ]
}

check_bare_reboots()
{
    /toolstack/xl create -q "$(config bare "kernel='/guest/bare'" memory=1)" &&
        before=$(xl domid bare) && /toolstack/xl reboot bare &&
        wait_until 60 is_another bare "$before"
}

check_bare_is_shut_down()
{
    timeout 60 /toolstack/xl shutdown -w bare && wait_until 30 is_gone bare
}
