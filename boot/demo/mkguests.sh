#!/bin/sh
# SPDX-License-Identifier: MIT
# Lays out what hosts find at /srv: guests' definitions in xen/, their files in
# guests/.
# usage: mkguests.sh folder number-of-guests kernel initrd bare-kernel
set -eu

folder=$1 guests=$2 kernel=$3 initrd=$4 bare=$5
here=$(dirname "$0")

rm -rf "$folder"
mkdir -p "$folder/xen/auto" "$folder/guests"
cp "$here/xen/debian.cfg" "$folder/xen/"
i=1
while [ "$i" -lt "$guests" ]; do
    sed "s/NAME/bare$i/" "$here/xen/bare.cfg" > "$folder/xen/bare$i.cfg"
    i=$((i + 1))
done
cp "$kernel" "$folder/guests/vmlinuz"
cp "$initrd" "$folder/guests/initrd"
cp "$bare" "$folder/guests/bare"
truncate -s 16M "$folder/guests/debian.img"
/sbin/mke2fs -q -t ext4 -F -L debian "$folder/guests/debian.img"
