# SPDX-License-Identifier: MIT
# Linux as a guest: disks, network, console, life and death.

address=10.9.0.2
bridge="vif=['mac=00:16:3e:00:00:02,bridge=xenbr0']"

check_tools_start()
{
    make_bridge && mount_disk && start_tools
}

# A file system on a block device (phy:) and one in a file.
make_disks()
{
    for name in phy file; do
        truncate -s 96M "/disk/$name.img"
        mkfs.ext4 -q -F "/disk/$name.img" || return
    done
    losetup /dev/loop7 /disk/phy.img
}

check_create()
{
    make_disks || return
    create "$(linux_config linux vmlinuz "guest.ip=$address" vcpus=1 "$bridge" \
        "tsc_mode='native'" \
        "disk=['phy:/dev/loop7,xvda,w','file:/disk/file.img,xvdb,w']")"
}

check_boots_to_init()
{
    wait_until 300 has_printed linux GUEST-INIT &&
        wait_until 60 has_printed linux GUEST-READY
}

check_sees_its_vcpu()
{
    has_printed linux 'GUEST-INIT .* 1 CPUs'
}

check_answers_ping()
{
    ping -c 3 -W 5 -q $address
}

# Written, dropped from the cache, read back and compared inside.
check_disk()
{
    for disk in xvda xvdb; do
        inside $address "mount -t ext4 /dev/$disk /mnt && diskcheck /mnt/data \
            32 && md5sum < /mnt/data && umount /mnt && echo DONE" > /tmp/$disk
        grep -q DONE /tmp/$disk || {
            echo "$disk: $(cat /tmp/$disk)"
            return 1
        }
    done
}

# The same to the host, once the guest is gone.
check_disk_from_outside()
{
    losetup -d /dev/loop7
    for disk in phy:xvda file:xvdb; do
        image=/disk/${disk%:*}.img
        e2fsck -f -n "$image" > /tmp/fsck 2>&1 || {
            tail -n 3 /tmp/fsck
            return 1
        }
        mount -o loop,ro "$image" /mnt || return
        sum=$(md5sum < /mnt/data)
        umount /mnt
        grep -q "${sum%% *}" "/tmp/${disk#*:}" || {
            echo "$disk: $sum here, $(cat "/tmp/${disk#*:}") inside"
            return 1
        }
    done
}

check_tcp_to_guest()
{
    dd if=/dev/urandom of=/tmp/noise bs=1M count=8 2> /dev/null
    sum=$(md5sum < /tmp/noise)
    got=$(timeout 200 busybox nc $address 5001 < /tmp/noise)
    expect 'sum of 8 MiB' "$sum" "$got"
}

check_tcp_from_guest()
{
    inside $address 'seq 1 1000000' > /tmp/numbers
    expect 'sum of the numbers' "$(seq 1 1000000 | md5sum)" \
        "$(md5sum < /tmp/numbers)"
}

# xl console forwards input only between terminals; ^] leaves it.
check_console()
{
    {
        sleep 3
        printf '\necho out-$((6 * 7))\n'
        tries=0
        until grep -q out-42 /tmp/console || [ $tries -gt 100 ]; do
            sleep 0.5
            tries=$((tries + 1))
        done
        printf '\035'
        sleep 1
    } | timeout 100 script -q -f -c 'xl console linux' /tmp/console > /dev/null
    grep -q out-42 /tmp/console || {
        echo "$(tail -n 3 /tmp/console)"
        return 1
    }
}

check_save()
{
    inside $address 'echo kept > /tmp/kept'
    xl save linux /disk/saved && is_gone linux
}

# What it had in memory is there, and its devices work.
check_restore()
{
    xl restore /disk/saved || return
    rm /disk/saved
    wait_until 60 ping -c 1 -W 1 -q $address > /dev/null || return
    expect 'file in memory' kept "$(inside $address 'cat /tmp/kept')" || return
    check_disk
}

check_shutdown()
{
    xl shutdown -w linux && wait_until 60 is_gone linux &&
        has_printed linux GUEST-POWEROFF
}
