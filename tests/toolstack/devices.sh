# SPDX-License-Identifier: MIT
# A Linux guest with two vcpus that is changed while it runs; and one that GRUB
# starts from its own disk.

check_create_smp()
{
    create "$(linux_config linux cloud \
        "guest.ip=$address xen_legacy_crash sysrq_always_enabled" \
        vcpus=2 maxvcpus=2 "on_crash='preserve'" "tsc_mode='native'" \
        "$bridge")"
}

check_sees_both_vcpus()
{
    has_printed linux 'GUEST-INIT .*cloud.* 2 CPUs' || {
        cat $consoles/guest-linux.log
        return 1
    }
}

# xl reboot: the guest's own doing, after which xl builds it again.
check_reboot()
{
    first=$(xl domid linux)
    xl reboot linux && wait_until 120 has_newer_id linux "$first" &&
        wait_until 300 has_printed linux GUEST-READY 2 &&
        wait_until 60 ping -c 1 -W 1 -q $address > /dev/null
}

has_cpus()
{
    [ "$(inside $address 'grep -c ^processor /proc/cpuinfo')" = "$1" ]
}

check_vcpu_set()
{
    xl vcpu-set linux 1 && wait_until 60 has_cpus 1 || return
    expect 'state of vcpu 1' --p \
        "$(xl vcpu-list linux | awk '$3 == 1 { print $5 }')" || return
    xl vcpu-set linux 2 && wait_until 60 takes_cpu_1 && has_cpus 2
}

# Linux brings back a vcpu when it is told to.
takes_cpu_1()
{
    inside $address 'echo 1 > /sys/devices/system/cpu/cpu1/online && echo up' |
        grep -q up
}

has_memory()
{
    [ "$(xl list linux | awk 'NR == 2 { print $3 }')" = "$1" ]
}

# The balloon driver gives memory back, and takes it again.
check_mem_set()
{
    before=$(free_memory)
    xl mem-set linux 96 && wait_until 60 has_memory 96 || return
    expect 'MiB that the host got' 32 $(($(free_memory) - before)) || return
    xl mem-set linux 128 && wait_until 60 has_memory 128 || return
    expect 'free MiB' "$before" "$(free_memory)"
}

check_block_attach()
{
    truncate -s 8M /disk/extra.img
    losetup /dev/loop6 /disk/extra.img || return
    xl block-attach linux phy:/dev/loop6,xvdc,w &&
        wait_until 60 guest_has_disk xvdc || return
    got=$(inside $address \
        'dd if=/dev/urandom of=/dev/xvdc bs=64k 2> /dev/null; sync
         md5sum < /dev/xvdc')
    expect 'sum of the disk' "$got" "$(md5sum < /disk/extra.img)"
}

check_block_list()
{
    xl block-list linux | awk 'NR == 2' | grep -q -E '^51744 +0 +[0-9]+ +4 ' || {
        xl block-list linux
        return 1
    }
}

check_block_detach()
{
    xl block-detach linux xvdc && wait_until 60 guest_lacks_disk xvdc &&
        losetup -d /dev/loop6
}

guest_has_nic()
{
    inside $address 'ls /sys/class/net' | grep -q "$1"
}

guest_lacks_nic()
{
    ! guest_has_nic "$1"
}

check_network_attach()
{
    xl network-attach linux mac=00:16:3e:00:00:03 bridge=xenbr0 &&
        wait_until 60 guest_has_nic eth1 || return
    inside $address 'ifconfig eth1 10.9.0.3 netmask 255.255.255.0 up' &&
        wait_until 60 ping -c 1 -W 1 -q 10.9.0.3 > /dev/null
}

check_network_list()
{
    xl network-list linux | grep -q -E '^1 +0 +00:16:3e:00:00:03 ' || {
        xl network-list linux
        return 1
    }
}

check_network_detach()
{
    xl network-detach linux 1 && wait_until 60 guest_lacks_nic eth1
}

check_sysrq()
{
    xl sysrq linux h && wait_until 60 has_printed linux 'sysrq: HELP'
}

# A guest kernel's panic, kept, and its memory written out.
check_crash_and_dump()
{
    xl sysrq linux c && wait_until 60 has_state linux '---sc-' &&
        xl dump-core linux /disk/core || return
    expect 'ELF magic' "$(printf '\177ELF')" "$(head -c 4 /disk/core)" || return
    size=$(stat -c %s /disk/core)
    rm /disk/core
    [ "$size" -ge $((128 << 20)) ] && destroy linux || {
        echo "the core has $size bytes"
        return 1
    }
}

# GRUB as the guest's kernel finds its menu on the guest's disk. It unpacks xz, not lz4.
check_grub()
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
    create "$(config grub "kernel='/guest/grub'" memory=192 \
        "tsc_mode='native'" "disk=['file:/disk/grub.img,xvda,w']")" &&
        wait_until 300 has_printed grub FROM-GRUB &&
        xl shutdown grub && wait_until 60 is_gone grub
}
