#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the install tree with each compiler, without and with debug code, and
# once more from a copy of the source in another folder: it must be the same.
# usage: check_build.sh source-root output-folder "make command"
set -u

root=$1 out=$2 make=$3
passed=0 failed=0

# result "what" command...
result()
{
    what=$1
    shift
    if "$@"; then
        echo "ok $what"
        passed=$((passed + 1))
    else
        echo "FAIL $what"
        failed=$((failed + 1))
    fi
}

sums()
{
    (cd "$1" && find . -type f | LC_ALL=C sort | xargs sha256sum)
}

same_bytes()
{
    rm -rf "$out/copy" "$out/again"
    mkdir -p "$out/copy"
    (cd "$root" && tar c --exclude=./build --exclude=./.git .) |
        tar x -C "$out/copy"
    $make -C "$out/copy" O="$out/again" dist &&
        sums "$out/gcc/dist" > "$out/first" &&
        sums "$out/again/dist" > "$out/second" &&
        cmp "$out/first" "$out/second"
}

# The hypervisor has no indirect branch, but for the one at start that leaves the
# identity map.
retpoline_build()
{
    $make -C "$root/xen" O="$out/$1-retpoline" CC="$1" RETPOLINE=y &&
        count=$(objdump -d "$out/$1-retpoline/xen/xen-syms" |
                grep -cE '(call|jmp) +\*') &&
        [ "$count" -le 1 ] || {
        echo "${count:-no} indirect branches"
        return 1
    }
}

image_size_within()
{
    size=$(wc -c < "$out/gcc/dist/boot/xen")
    [ "$size" -le "$1" ] || {
        echo "boot/xen has $size bytes, limit $1"
        return 1
    }
}

for cc in gcc clang; do
    result "build_with_$cc" $make -C "$root" O="$out/$cc" CC=$cc dist
    result "debug_build_with_$cc" \
        $make -C "$root" O="$out/$cc-debug" CC=$cc DEBUG=y dist
    result "retpoline_build_with_$cc" retpoline_build $cc
done
result same_source_gives_same_bytes same_bytes
result image_is_at_most_1_MiB image_size_within 1048576

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
