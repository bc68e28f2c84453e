#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the README's two commands, and nothing else, in a Debian system that has
# nothing but `make`. Takes as long as both together; wants root rights.
# usage: fresh.sh source-root work-folder cache-folder [demo|check]
set -u

source=$1 work=$2 cache=$3 only=${4:-}
root=$work/root
passed=0 failed=0

# result "name" "text that the log must have in its last lines" log
result()
{
    if [ "$2" -eq 0 ] && tail -n 3 "$4" | grep -qE "$3"; then
        echo "ok $1"
        passed=$((passed + 1))
    else
        echo "FAIL $1: see $4"
        tail -n 5 "$4"
        failed=$((failed + 1))
    fi
}

inside()
{
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "cd /xenia && $1"
}

leave()
{
    umount -R "$root/dev" "$root/proc" "$root/sys"
}

[ "$(id -u)" -eq 0 ] || {
    echo 'skip: a Debian root wants root rights'
    echo '0 passed, 0 failed, 1 skipped'
    exit 1
}
mkdir -p "$work"
CACHE=$cache sh "$source/scripts/debian_root.sh" "$root" make || exit
cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/"
cp /etc/resolv.conf "$root/etc/"
mkdir "$root/xenia"
(cd "$source" && tar c --exclude=./build --exclude=./.git .) |
    tar x -C "$root/xenia"
for place in dev proc sys; do
    mount --rbind --make-rslave "/$place" "$root/$place"
done
trap leave EXIT

if [ "$only" != check ]; then
    inside 'make demo < /dev/null' > "$work/demo.log" 2>&1
    result demo_runs_in_a_fresh_system $? '.' "$work/demo.log"
fi
if [ "$only" != demo ]; then
    inside 'make check' > "$work/check.log" 2>&1
    result check_runs_in_a_fresh_system $? '^[0-9]+ passed, 0 failed' \
        "$work/check.log"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
