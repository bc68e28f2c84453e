#!/bin/sh
# SPDX-License-Identifier: MIT
# Wraps the hypervisor's flat image into a 32-bit ELF file at its load address.
# usage: wrap32.sh xen-syms xen.bin output   (CC, LD, NM from the environment)
set -eu

syms=$1 bin=$2 out=$3

# Offset of a symbol from _start, as a number the shell and ld understand. The
# upper half of all addresses is the same, so the lower halves do.
address()
{
    value=$("$NM" "$syms" | awk -v name="$1" '$3 == name { print $1 }')
    [ -n "$value" ] || {
        echo "wrap32: no symbol '$1' in $syms" >&2
        exit 1
    }
    echo "0x$(echo "$value" | cut -c9-16)"
}

image_start=$(address _start)
image_end=$(address _end)
entry=$(address start)
load=0x200000

cat > "$out.S" <<EOF
.section .image, "awx", @progbits
.balign 64 /* loaders look for the headers at multiples of 8 bytes */
.incbin "$bin"
.section .bss, "aw", @nobits
.skip $((image_end - image_start)) - $(wc -c < "$bin")
EOF
${CC} -m32 -c "$out.S" -o "$out.o"
"$LD" -m elf_i386 -n --build-id=none --no-warn-rwx-segments -z noexecstack \
    -T "$(dirname "$0")/wrap32.lds" -e "$((entry - image_start + load))" \
    -o "$out" "$out.o"
rm -f "$out.S" "$out.o"
