#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the Debian packages: what lintian says, and what they leave in a Debian
# system when they are installed, removed and purged.
# usage: run.sh packages-folder work-folder cache-folder source-root
set -u

debs=$1 work=$2 cache=$3 source=$4
root=$work/root
passed=0 failed=0 skipped=0

# check NAME COMMAND...: with what it prints, if it fails.
check()
{
    name=$1
    shift
    if "$@" > "$work/out" 2>&1; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name: $(tail -n 5 "$work/out")"
        failed=$((failed + 1))
    fi
}

finish()
{
    tail=
    [ $skipped -eq 0 ] || tail=", $skipped skipped"
    echo "$passed passed, $failed failed$tail"
    [ $failed -eq 0 ]
    exit
}

inside()
{
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# All that packages may leave: not dpkg's own records, caches and logs.
list_files()
{
    (cd "$root" && find . \( -path ./proc -o -path ./sys -o -path ./dev \
        -o -path ./run -o -path ./debs -o -path ./var/lib/dpkg -o -path ./var/cache \
        -o -path ./var/log -o -path ./tmp -o -path ./etc/ld.so.cache \) -prune \
        -o -print | sort)
}

install_all()
{
    inside sh -c 'dpkg -i /debs/*.deb'
}

programs_run()
{
    inside xl help && inside xenstored --help &&
        inside xenstore-ls --help 2>&1 | grep -q Usage &&
        inside sh -n /usr/lib/xenia/guests
}

services_are_enabled()
{
    units='xenia-host xenstored xenconsoled xen-blkd xen-netd xendomains'
    for unit in $units; do
        inside systemctl is-enabled $unit || return
    done
    # shellcheck disable=SC2046 # a list of names
    inside systemd-analyze verify --man=no $(printf '%s.service ' $units)
}

# A watch that is there before a new xenstored takes over fires after it.
store_takes_over()
{
    mkdir "$root/store"
    inside XENSTORED_RUNDIR=/store timeout 60 sh -c '
        /usr/lib/xenia/keep-store > /store/log 2>&1 & keeper=$!
        until xenstore-list / > /dev/null 2>&1; do sleep 0.1; done
        xenstore-watch -n 2 /new > /store/seen & watch=$!
        until grep -q /new /store/seen; do sleep 0.1; done
        kill -HUP $keeper
        until [ "$(grep -c "no hypervisor" /store/log)" -eq 2 ]; do
            sleep 0.1
        done
        until xenstore-write /new it; do sleep 0.1; done
        wait $watch
        status=$?
        kill $keeper
        wait $keeper
        exit $status' || return
    rm -r "$root/store"
}

# GRUB's own script, with a kernel that can be a control domain beside it.
grub_finds_the_hypervisor()
{
    cp "$cache"/kernel/tree/boot/* "$root/boot/"
    inside env pkgdatadir=/usr/share/grub grub_probe=/bin/true \
        GRUB_DEVICE=/dev/sda1 GRUB_DEVICE_UUID=0 GRUB_DISTRIBUTOR=Debian sh -c \
        '. /etc/default/grub.d/xenia.cfg; export GRUB_CMDLINE_XEN_DEFAULT
         /etc/grub.d/20_linux_xen' > "$work/grub.cfg"
    rm -f "$root"/boot/*-amd64
    cat "$work/grub.cfg"
    grep -q "multiboot2.*/boot/xen-.*gz .*dom0_mem" "$work/grub.cfg" &&
        grep -q 'module2.*/boot/vmlinuz-' "$work/grub.cfg"
}

names()
{
    for deb in "$debs"/*.deb; do
        basename "$deb" | cut -d _ -f 1
    done
}

# What they depend on, and is not of them.
needed()
{
    for deb in "$debs"/*.deb; do
        dpkg-deb -f "$deb" Depends | tr , '\n'
    done | sed -e 's/^ *//' -e 's/[ (|].*//' | grep -v -e ^xenia -e '^$' |
        sort -u
}

remove_all()
{
    # shellcheck disable=SC2046 # a list of names
    inside dpkg --remove $(names) && [ ! -e "$root/usr/sbin/xl" ] &&
        [ -e "$root/etc/xen/README" ] && ! ls "$root"/boot/xen*
}

purge_all()
{
    # shellcheck disable=SC2046
    inside dpkg --purge $(names)
}

nothing_is_left()
{
    list_files > "$work/after"
    diff "$work/before" "$work/after"
}

# An upgrade keeps what users changed, and the services go on.
upgrade_keeps_configuration()
{
    echo '# mine' >> "$root/etc/default/grub.d/xenia.cfg"
    touch "$root/etc/xen/mine.cfg"
    inside sh -c 'dpkg --force-confold -i /debs/*.deb' &&
        grep -q '# mine' "$root/etc/default/grub.d/xenia.cfg" &&
        [ -e "$root/etc/xen/mine.cfg" ] && rm "$root/etc/xen/mine.cfg"
}

mkdir -p "$work"
check lintian_finds_no_error lintian --fail-on error --allow-root "$debs"/*.deb
if [ "$(id -u)" -ne 0 ]; then
    echo 'skip: the packages are not installed: that wants root rights'
    skipped=1
    finish
fi

# shellcheck disable=SC2046 # a list of names
CACHE=$cache sh "$source/scripts/debian_root.sh" "$root" grub-common systemd \
    $(needed) || {
    failed=1
    finish
}
mkdir "$root/debs"
cp "$debs"/*.deb "$root/debs/"
list_files > "$work/before"
check packages_are_installed install_all
check programs_run programs_run
check services_are_enabled services_are_enabled
check store_takes_over store_takes_over
check grub_finds_the_hypervisor grub_finds_the_hypervisor
check upgrade_keeps_configuration upgrade_keeps_configuration
check packages_are_removed remove_all
check packages_are_purged purge_all
check nothing_is_left nothing_is_left
rm -rf "$root"
finish
