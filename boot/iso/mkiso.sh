#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the ISO image that starts a host from a CD or a USB stick, by BIOS and
# by UEFI.
# usage: mkiso.sh image hypervisor.gz kernel mini.img guests-folder
set -eu

image=$1 hypervisor=$2 kernel=$3 mini=$4 guests=$5
here=$(dirname "$0")
tree=$image.tree

rm -rf "$tree" "$image"
mkdir -p "$tree/boot/grub"
cp "$hypervisor" "$tree/boot/xen.gz"
cp "$kernel" "$tree/boot/vmlinuz"
cp "$mini" "$tree/boot/mini.img"
cp "$here/grub.cfg" "$tree/boot/grub/"
cp -r "$guests/xen" "$guests/guests" "$tree/"

# No file system for old Macs: it would have the same label.
grub-mkrescue -o "$image" "$tree" -- -volid XENIA -hfsplus off > "$image.log" 2>&1 || {
    tail -n 5 "$image.log" >&2
    exit 1
}
rm -rf "$tree"
