# SPDX-License-Identifier: MIT
# Disks and networks of the project's own xl: images, NAT, rates, scripts, what
# is refused, and that nothing is left of what fails or ends.

lease_file=/run/xen/xenia0.leases

# A host of another network: on the far side of this host's only link.
make_far_side()
{
    ip netns add far && ip link add near0 type veth peer name far0 netns far &&
        ip addr add 10.77.0.1/24 dev near0 && ip link set near0 up &&
        ip -n far addr add 10.77.0.2/24 dev far0 && ip -n far link set far0 up &&
        ip -n far link set lo up || return
    # It tells who is connected.
    ip netns exec far busybox nc -ll -p 7000 -e cat /proc/net/tcp6 \
        > /dev/null 2>&1 < /dev/null &
    busybox nc -ll -p 7001 -e echo HOST > /dev/null 2>&1 < /dev/null &
}

# Programs that start others as another user want one.
check_devices_start()
{
    check_tools_start || return
    printf '%s\n' root:x:0:0::/root:/bin/sh nobody:x:65534:65534::/:/bin/false \
        dnsmasq:x:100:65534::/:/bin/false > /etc/passwd
    echo nogroup:x:65534: > /etc/group
    ip link del xenbr0 && make_far_side || return
    # So that folders of the store are there, which stay.
    truncate -s 8M /disk/raw.img
    $own create -q "$(tiny_config first idle 'vif=[""]' \
        "disk=['/disk/raw.img,,xvda,w']")" &&
        $own destroy first && wait_until 30 is_idle
}

# No guest, and nobody who does something for one that was.
is_idle()
{
    nobody_else && ! pgrep xl-watch > /dev/null
}

# All that a guest has on the host and in the store, but for folders that have
# become empty: the stock tools remove some, where others may make new ones. And
# but for what Debian's xenconsoled writes of a guest that it saw too late.
devices_inventory()
{
    xenstore-ls -f | grep -v -E -e '^/(tool|local/domain/0/memory)| = ""$' \
        -e '^/local/domain/[0-9]+/console/tty '
    losetup -a
    ls /sys/class/net /var/lib/xen
    ls -d /sys/block/nbd*/pid
    nft list tables
    cat /proc/sys/net/ipv4/ip_forward
    echo "$(pgrep -c dnsmasq) dnsmasq, $(pgrep -c qemu-nbd) qemu-nbd"
    echo "$(free_memory) MiB"
} 2> /dev/null

# as_before FILE: nothing is there that was not in this inventory. The last of a
# domain goes a moment after its name.
as_before()
{
    for try in $(seq 20); do
        devices_inventory > /tmp/after
        cmp -s "$1" /tmp/after && return
        sleep 0.5
    done
    diff "$1" /tmp/after
}

qcow2_linux()
{
    linux_config linux cloud guest.ip=dhcp vcpus=1 \
        "vif=['mac=00:16:3e:00:00:02,rate=1MB/s@20ms,rate-in=10MB/s']" \
        "disk=['/disk/image.qcow2,qcow2,xvda,w']"
}

# leased MAC: its address.
leased()
{
    awk -v mac="$1" '$2 == mac { print $3 }' $lease_file
}

check_devices_linux_boots()
{
    devices_inventory > /tmp/before_linux
    qemu-img create -q -f qcow2 /disk/image.qcow2 16M || return
    $own create -q "$(qcow2_linux)" &&
        wait_until 300 has_printed linux GUEST-READY || return
    address=$(leased 00:16:3e:00:00:02)
    echo "$address" > /tmp/address
    has_printed linux "GUEST-DHCP $address 10.213.16.1 10.213.16.1" || {
        cat $lease_file /var/log/xen/xenia0.log
        return 1
    }
    ping -c 1 -W 5 -q "$address"
}

# By the host's own address, and not the host itself.
check_devices_reach_the_world()
{
    address=$(cat /tmp/address)
    # 10.77.0.2:7000 and 10.77.0.1, as the kernel writes them.
    inside "$address" 'nc 10.77.0.2 7000 < /dev/null' > /tmp/seen
    grep -q '02004D0A:1B58 [0F]*01004D0A:' /tmp/seen || {
        cat /tmp/seen
        return 1
    }
    expect 'the host itself' '' \
        "$(inside "$address" 'timeout 3 nc 10.213.16.1 7001 < /dev/null')" || return
    expect 'the host by another address' '' \
        "$(inside "$address" 'timeout 3 nc 10.77.0.1 7001 < /dev/null')" || return
    expect 'an echo' 1 "$(inside "$address" \
        'ping -c 1 -W 5 -q 10.213.16.1' | grep -c '1 packets received')"
}

# seconds_for COMMAND...: whole seconds that it takes.
seconds_for()
{
    before=$(seconds)
    "$@" > /dev/null 2>&1
    echo $(($(seconds) - before))
}

# 1 MB/s from it; 10 MB/s to it, which the machine itself hardly does.
check_devices_rates()
{
    address=$(cat /tmp/address)
    id=$(xl domid linux)
    expect rate 20000,20000 \
        "$(xenstore-read "/local/domain/0/backend/vif/$id/0/rate")" || return
    tc qdisc show dev "vif$id.0" | grep -q 'tbf .* rate 80Mbit' || {
        tc qdisc show dev "vif$id.0"
        return 1
    }
    took=$(seconds_for inside "$address" 'dd if=/dev/zero bs=64k count=64')
    echo "4 MiB from the guest took $took s"
    [ "$took" -ge 3 ]
}

# What the guest writes is in the image.
check_devices_image()
{
    address=$(cat /tmp/address)
    inside "$address" 'dd if=/dev/urandom of=/dev/xvda bs=64k 2> /dev/null
        sync; md5sum < /dev/xvda' > /tmp/sum_inside
    $own create -q "$(tiny_config second idle \
        "disk=['/disk/image.qcow2,qcow2,xvda,w']")" 2> /tmp/own.err &&
        return 1
    grep -q 'image.qcow2.: domain .* uses it' /tmp/own.err || {
        cat /tmp/own.err
        return 1
    }
    echo "$(ls -d /sys/block/nbd*/pid)"
}

# Attached while it runs, and there again after a reboot.
check_devices_stay_over_a_reboot()
{
    address=$(cat /tmp/address)
    first=$(xl domid linux)
    qemu-img create -q -f qcow2 /disk/more.qcow2 16M
    $own block-attach linux /disk/more.qcow2,qcow2,xvdb,w &&
        wait_until 60 guest_has_disk xvdb &&
        $own block-attach linux /disk/raw.img,,xvdc,cdrom &&
        wait_until 60 guest_has_disk xvdc &&
        $own block-detach linux xvdc && wait_until 60 guest_lacks_disk xvdc &&
        $own network-attach linux mac=00:16:3e:00:00:07 &&
        wait_until 60 guest_has_nic eth1 || return
    $own reboot linux && wait_until 120 has_newer_id linux "$first" &&
        wait_until 300 has_printed linux GUEST-READY 2 || return
    expect address "$address" "$(leased 00:16:3e:00:00:02)" || return
    guest_has_disk xvdb && guest_lacks_disk xvdc && guest_has_nic eth1 &&
        $own block-detach linux xvdb && wait_until 60 guest_lacks_disk xvdb
}

# An image by xen-blkd, which is killed as a whole while the guest writes.
check_devices_image_by_daemon()
{
    address=$(cat /tmp/address)
    qemu-img create -q -f qcow2 /disk/third.qcow2 16M
    $own block-attach linux \
        /disk/third.qcow2,qcow2,xvdd,w,backendtype=qdisk,iops=100000 &&
        wait_until 60 guest_has_disk xvdd || return
    (sleep 1 && kill_daemon blkd && echo KILLED) > /tmp/killed &
    inside "$address" 'for i in 1 2 3 4; do
            dd if=/dev/urandom of=/dev/xvdd bs=64k 2> /dev/null; sync; done
        md5sum < /dev/xvdd' > /tmp/third
    wait_until 60 grep -q KILLED /tmp/killed || return
    $own block-detach linux xvdd && wait_until 60 guest_lacks_disk xvdd || return
    qemu-img convert -f qcow2 -O raw /disk/third.qcow2 /disk/third.raw
    expect 'sum of the disk' "$(cat /tmp/third)" "$(md5sum < /disk/third.raw)" ||
        return
    rm /disk/third.raw
    ! pgrep -f 'qemu-nbd .*third'
}

has_other_server()
{
    now=$(pgrep -f 'qemu-nbd .*fourth')
    [ -n "$now" ] && [ "$now" != "$1" ]
}

# Five times; who starts it again is killed once, too.
kill_image_server()
{
    pkill -9 -x xl-keep && $own domid linux || return
    for round in 1 2 3 4 5; do
        sleep 1
        server=$(pgrep -f 'qemu-nbd .*fourth')
        kill -9 "$server" && wait_until 60 has_other_server "$server" || return
    done
}

write_all()
{
    inside "$address" 'dd if=/dev/urandom of=/dev/xvdd bs=64k 2> /dev/null; sync
        md5sum < /dev/xvdd'
}

# What serves an image to xen-blkd is killed while the guest writes: it is
# started again, and all is written.
check_devices_image_server_killed()
{
    address=$(cat /tmp/address)
    rm -f /tmp/killed
    qemu-img create -q -f qcow2 /disk/fourth.qcow2 16M
    $own block-attach linux /disk/fourth.qcow2,qcow2,xvdd,w,backendtype=qdisk &&
        wait_until 60 guest_has_disk xvdd || return
    (kill_image_server > /tmp/killed.log && echo good || echo bad) > /tmp/killed &
    until [ -s /tmp/killed ]; do
        write_all > /tmp/fourth
    done
    expect killing good "$(cat /tmp/killed)" || {
        cat /tmp/killed.log
        return 1
    }
    write_all > /tmp/fourth
    inside "$address" dmesg | grep -i 'i/o error' && return 1
    $own block-detach linux xvdd && wait_until 60 guest_lacks_disk xvdd || return
    qemu-img check -q /disk/fourth.qcow2
    [ $? -ne 2 ] && qemu-img convert -f qcow2 -O raw /disk/fourth.qcow2 \
        /disk/fourth.raw || return
    expect 'sum of the disk' "$(cat /tmp/fourth)" "$(md5sum < /disk/fourth.raw)" ||
        return
    rm /disk/fourth.raw
    ! pgrep -f 'qemu-nbd .*fourth' && [ -z "$(ls /run/xen | grep 'image$')" ]
}

check_devices_linux_ends()
{
    $own shutdown -w linux && wait_until 60 is_idle || return
    qemu-img convert -f qcow2 -O raw /disk/image.qcow2 /disk/image.raw
    expect 'sum of the disk' "$(cat /tmp/sum_inside)" \
        "$(md5sum < /disk/image.raw)" || return
    rm /disk/image.raw
    as_before /tmp/before_linux
}

# script NAME LINE...: in the folder of the stock tools.
script()
{
    path=/etc/xen/scripts/$1
    shift
    {
        echo '#!/bin/bash'
        printf '%s\n' "$@"
    } > "$path"
    chmod 755 "$path"
}

# What it is told, and the interface set up as it would do.
check_devices_scripts_as_stock()
{
    losetup -f /disk/raw.img
    script rec '{ echo "$0 $*"; env; } >> /tmp/rec' \
        'case $XENBUS_TYPE$1 in vbdadd)' \
        "xenstore-write \$XENBUS_PATH/physical-device $(stat -c %Hr:%Lr \
            "$(losetup -j /disk/raw.img | cut -d : -f 1)");;" \
        'vifonline) ip link set $vif up;; esac' \
        'xenstore-write $XENBUS_PATH/hotplug-status connected'
    for tool in xl $own; do
        : > /tmp/rec
        $tool create -q "$(tiny_config told idle "disk=['any,,xvda,script=rec']" \
            "vif=['script=rec,gatewaydev=near0,mac=00:16:3e:00:00:01']")" &&
            $tool destroy told && wait_until 60 is_gone told || return
        sed -E -e '/^(_|PWD|OLDPWD|SHLVL|LANG|XEN_|XENCONSOLED)/d' \
            -e 's,(vif|vbd)/[0-9]+/,\1/ID/,' -e 's,vif[0-9]+\.,vifID.,' \
            /tmp/rec | sort > "/tmp/rec.$([ $tool = xl ] && echo stock || echo own)"
    done
    losetup -D
    [ "$(grep -c XENBUS_PATH /tmp/rec.own)" = 4 ] &&
        diff /tmp/rec.stock /tmp/rec.own
}

# What the store has of devices is what the stock tools write.
check_devices_tree_as_stock()
{
    ip link add xenbr0 type bridge && ip link set xenbr0 up &&
        truncate -s 8M /disk/other.img && losetup /dev/loop6 /disk/other.img ||
        return
    for tool in xl $own; do
        $tool create -q -p "$(tiny_config twin idle \
            "vif=['mac=00:16:3e:00:00:01,rate=10Mb/s,vifname=web']" \
            "disk=['/disk/raw.img,,xvda,w','phy:/dev/loop6,xvdb,r']")" || return
        id=$(xl domid twin)
        for root in "/local/domain/0/backend/vif/$id" \
            "/local/domain/0/backend/vbd/$id" "/local/domain/$id/device" \
            "/libxl/$id/device"; do
            xenstore-ls -f -p "$root"
        done | tr -s ' .' ' ' | sort | sed -E -e "s,/$id\b,/ID,g" \
            -e "s/\b([nr])$id\b/\1ID/g" -e "s/\"$id\"/\"ID\"/" |
            grep -v -E '/(spec|loop-device|node|physical-device[a-z-]*|state|feature-[a-z0-9-]+|m[a-z-]+-(queues|order)|hotplug-status|console.*|suspend.*) ' \
                > "/tmp/tree.$([ $tool = xl ] && echo stock || echo own)"
        xl destroy twin && wait_until 60 is_gone twin || return
    done
    ip link del xenbr0
    losetup -d /dev/loop6
    [ "$(wc -l < /tmp/tree.own)" -gt 40 ] && diff /tmp/tree.stock /tmp/tree.own
}

# fails_clean TEXT LINE...: a create that says so, and leaves nothing.
fails_clean()
{
    text=$1
    shift
    fails 14 "$text" create -q "$(tiny_config wrong idle "$@")" || return
    wait_until 20 is_idle && as_before /tmp/before_fails || {
        echo "left after: $text"
        return 1
    }
}

# Each fails at another step.
check_devices_that_fail_leave_nothing()
{
    script bad 'echo "first words"; echo "last words" >&2; exit 3'
    script slow 'exit 0'
    chmod 644 /etc/xen/scripts/slow
    qemu-img create -q -f qcow2 /disk/good.qcow2 16M
    printf 'QFI\373\0\0\0\3garbage' > /disk/bad.qcow2
    image="'/disk/good.qcow2,qcow2,xvdb,w'"
    devices_inventory > /tmp/before_fails
    fails_clean 'first words;last words' \
        "disk=['/disk/raw.img,,xvda,w',$image,'x,,xvdc,w,script=bad']" &&
        fails_clean 'bad ended with status 3' "vif=['','script=bad']" \
            "disk=[$image]" &&
        fails_clean 'Permission denied' "vif=['script=slow']" &&
        fails_clean 'qemu-nbd ended with status 1' \
            "disk=[$image,'/disk/bad.qcow2,qcow2,xvdc,w']" "vif=['']" &&
        fails_clean 'is no qcow2 image (is it raw?)' \
            "disk=[$image,'/disk/raw.img,qcow2,xvdc,w']" &&
        fails_clean "is xvda, too" \
            "disk=['/disk/raw.img,,xvda,w','/disk/raw.img,,xvdb,r']" &&
        fails_clean 'this host uses it itself' "disk=['/dev/vda,,xvda,w']" &&
        fails_clean "gatewaydev 'eth9': no such" \
            "vif=['gatewaydev=eth9,ip=10.0.0.1']" &&
        fails_clean "vifname 'near0': the host has" "vif=['vifname=near0']"
}

# The driver or a program is missing.
check_devices_missing_programs()
{
    devices_inventory > /tmp/before_fails
    mv "$(command -v dnsmasq)" /tmp/dnsmasq
    fails_clean 'there is no program dnsmasq (install dnsmasq-base)' "vif=['']"
    rc=$?
    mv /tmp/dnsmasq /usr/sbin/dnsmasq
    [ $rc = 0 ] || return
    program=$(command -v qemu-nbd)
    mv "$program" /tmp/qemu-nbd
    fails_clean 'install qemu-utils' \
        "disk=['/disk/good.qcow2,qcow2,xvda,w']" "vif=['']"
    rc=$?
    mv /tmp/qemu-nbd "$program"
    return $rc
}

# Routed: the far side knows the way.
check_devices_routed()
{
    devices_inventory > /tmp/before_routed
    ip -n far route add 10.78.0.5/32 via 10.77.0.1
    $own create -q "$(tiny_config routed idle \
        "vif=['gatewaydev=near0,ip=10.78.0.5']")" || return
    ip route show dev "vif$(xl domid routed).0" |
        grep -q '^10.78.0.5 .*src 10.77.0.1' || {
        ip route
        return 1
    }
    $own destroy routed && wait_until 60 is_idle &&
        ip -n far route del 10.78.0.5/32 && echo 0 > /proc/sys/net/ipv4/ip_forward &&
        as_before /tmp/before_routed
}

# Each with a disk and an interface in the network that the first one makes.
check_devices_ten_at_once()
{
    devices_inventory > /tmp/before_ten
    for i in $(seq 10); do
        truncate -s 1M "/disk/ten$i.img"
        $own create -q "$(tiny_config "ten$i" idle 'vif=[""]' \
            "disk=['/disk/ten$i.img,,xvda,w']")" > "/tmp/ten$i.err" 2>&1 &
    done
    wait
    cat /tmp/ten*.err
    expect guests 12 "$(xl list | wc -l)" || return
    expect ports 10 "$(ls /sys/class/net/xenia0/brif | wc -l)" || return
    for i in $(seq 10); do
        $own destroy "ten$i" &
    done
    wait
    wait_until 60 is_idle && as_before /tmp/before_ten
}

check_devices_hundred()
{
    devices_inventory > /tmp/before_hundred
    for i in $(seq 100); do
        $own create -q "$(tiny_config "small$i" idle)" || return
    done
    expect guests 102 "$($own list | wc -l)" || return
    for i in $(seq 100); do
        $own destroy "small$i" || return
    done
    wait_until 60 is_idle && as_before /tmp/before_hundred
}
