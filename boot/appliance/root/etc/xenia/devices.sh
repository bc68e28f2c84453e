# SPDX-License-Identifier: MIT
# Drivers: those of the hypervisor's devices, and of what the machine has.

# The kernel's modules, and what few hosts run, are in a packed file system.
open_packed()
{
    ln -s /lib/packed/modules "/lib/modules/$(uname -r)" &&
        insmod /lib/first/loop.ko && insmod /lib/first/squashfs.ko &&
        mount -o loop,ro /lib/packed.squashfs /lib/packed
}

# Buses whose devices get their drivers by name.
buses='pci usb virtio hid scsi serio'

device_names()
{
    for bus in $buses; do
        cat /sys/bus/$bus/devices/*/modalias 2> /dev/null
    done | sort -u
}

# Modules for all devices there are now, and what these bring: a USB disk
# is behind two more. Some at a time: a driver may wait for its device.
load_drivers()
{
    echo none > /run/known
    while :; do
        device_names > /run/found
        grep -v -x -F -f /run/known /run/found > /run/new || return 0
        xargs -P 4 -n 3 modprobe -a -b -q < /run/new 2> /dev/null
        mv /run/found /run/known
    done
}

# Physical network cards, in the kernel's order.
cards()
{
    for card in /sys/class/net/*/device; do
        [ ! -e "$card" ] || basename "$(dirname "$card")"
    done
}

find_devices()
{
    [ -e /lib/packed/modules ] || {
        tail -n 1 "$logs/start-packed.log"
        return 1
    }
    load_drivers || return
    disks=$(find /sys/block -name '[svx]*d[a-z]*' -o -name 'nvme*' | wc -l)
    echo "$disks disks, $(cards | wc -l) network cards"
}
