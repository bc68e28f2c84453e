# SPDX-License-Identifier: MIT
# A Linux guest that lives on two hypervisors, one boot after the other: in the
# file that Debian's xl saves on Debian's Xen it comes to the project's own on
# Xenia, and the same way back. The disk stays from boot to boot.

carried=/disk/carried

# What the first boot has made is there, but for what is the host's.
carried_disks()
{
    losetup /dev/loop7 /disk/phy.img
}

# What must be on the disk before the machine is powered off.
carried_end()
{
    sync && umount /disk
}

check_carried_saved_by_stock()
{
    stream_guest xl "cpus=['1','2']" && xl save linux $carried &&
        wait_until 60 is_gone linux && losetup -d /dev/loop7 && carried_end
}

check_carried_restored_by_own()
{
    carried_disks && $own restore $carried && stream_guest_goes_on &&
        expect pins '1 2' "$(pins linux)"
}

# A disk that it gets here goes with it.
check_carried_saved_by_own()
{
    truncate -s 8M /disk/more.img && rm $carried &&
        $own block-attach linux /disk/more.img,raw,xvdc,w &&
        wait_until 60 guest_has_disk xvdc && $own save linux $carried &&
        wait_until 60 is_gone linux && losetup -D && carried_end
}

check_carried_restored_by_stock()
{
    carried_disks && xl restore $carried && stream_guest_goes_on &&
        guest_has_disk xvdc && expect pins '1 2' "$(pins linux)" &&
        xl destroy linux
}
