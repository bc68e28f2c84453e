#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts a hypervisor in QEMU with the test control domain and a shell in it.
# usage: run.sh hypervisor kernel initrd disk-image
# MEM (MiB), SMP and MACHINE come from the environment.
set -eu

xen=$1 kernel=$2 initrd=$3 disk=$4

if [ ! -e "$disk" ]; then
    truncate -s 1G "$disk"
    /sbin/mkfs.ext4 -q -F "$disk"
fi

cat << EOF
The machine's serial line is this terminal. To leave: \`poweroff -f\` in the
control domain, or Ctrl-a x to end QEMU at once. Six times Ctrl-a switches the
input to the hypervisor's debug keys (h lists them), six times again back.
The disk is /dev/vda, an ext4 file system kept in $disk.
EOF
exec qemu-system-x86_64 -machine "${MACHINE:-q35}" -cpu max,-smap \
    -m "${MEM:-2048}" -smp "${SMP:-2}" -display none -serial mon:stdio \
    -kernel "$xen" -append "console=com1 com1=115200,8n1 loglvl=info" \
    -initrd "$kernel console=hvc0 quiet,$initrd" \
    -drive "file=$disk,format=raw,if=virtio" -nic user,model=virtio-net-pci
