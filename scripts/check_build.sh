#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the install tree with each compiler, without and with debug code, and
# once more from a copy of the source in another folder: it must be the same.
# usage: check_build.sh source-root output-folder "make command"
set -u

root=$1 out=$2 make=$3
mkdir -p "$out"

# result "what" command...
result()
{
    what=$1
    shift
    if "$@"; then
        echo "ok $what"
    else
        echo "FAIL $what"
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

with()
{
    result "build_with_$1" $make -C "$root" O="$out/$1" CC="$1" dist
    result "debug_build_with_$1" \
        $make -C "$root" O="$out/$1-debug" CC="$1" DEBUG=y dist
    result "retpoline_build_with_$1" retpoline_build "$1"
}

# A compiler for each of two CPUs: nothing is built where the other one builds.
with clang > "$out/clang.log" 2>&1 &
clang=$!
{
    with gcc
    result same_source_gives_same_bytes same_bytes
    result image_is_at_most_1_MiB image_size_within 1048576
} > "$out/gcc.log" 2>&1
wait "$clang" || echo "FAIL builds_with_clang_end" >> "$out/clang.log"
cat "$out/gcc.log" "$out/clang.log"

passed=$(cat "$out/gcc.log" "$out/clang.log" | grep -c '^ok ')
failed=$(cat "$out/gcc.log" "$out/clang.log" | grep -c '^FAIL ')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
