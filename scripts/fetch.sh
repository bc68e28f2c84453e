#!/bin/sh
# SPDX-License-Identifier: MIT
# Downloads Debian's packages that tests run but nobody installs, and unpacks
# them: the kernel that runs in the control domain, the stock hypervisor to
# compare with, the stock tools, other guests. Silent when they are there.
# usage: fetch.sh cache-folder (kernel|cloud-kernel|kernel-headers|stock-xen|
#                               stock-tools|device-tools|grub-xen)...
#
# Afterwards cache-folder has a folder of each name with the unpacked tree, and
# a link at a fixed place leads to each file that others use:
#   kernel/vmlinuz, kernel/modules      linux-image-amd64
#   cloud-kernel/vmlinuz, .../modules   linux-image-cloud-amd64
#   kernel-headers/kernel, .../cloud-kernel   to build modules for those two
#   stock-xen/xen                       the hypervisor as an ELF file
#   stock-tools/tree                    xl and all that it needs from libc up
#   device-tools/tree                   what serves images and networks of guests
#   grub-xen/grub                       GRUB as a PV guest's kernel
set -eu

cache=$1
shift

# The first package that $1 depends on whose name matches $2.
find_behind()
{
    apt-cache show --no-all-versions "$1" 2> /dev/null |
        sed -n "s/^Depends: .*\($2[^ ,]*\).*/\1/p" | head -n 1
}

# A user without root rights may download but not refresh the lists.
refresh_lists()
{
    if [ "$(id -u)" -eq 0 ]; then
        apt-get update -q
    else
        sudo apt-get update -q
    fi
}

# The real package behind a metapackage.
package_behind()
{
    name=$(find_behind "$1" "$2")
    [ -n "$name" ] || {
        refresh_lists >&2
        name=$(find_behind "$1" "$2")
    }
    [ -n "$name" ] || {
        echo "fetch: no package list names what $1 stands for" >&2
        exit 1
    }
    echo "$name"
}

# Download package $1 into the current folder.
download()
{
    apt-get download -q -o APT::Sandbox::User=root "$1" > apt.log 2>&1 || {
        echo "fetch: $1: once more with new package lists"
        refresh_lists
        apt-get download -q -o APT::Sandbox::User=root "$1"
    }
}

# Download package $1 and unpack it into the folder tree.
unpack()
{
    echo "fetch: $1"
    download "$1"
    dpkg-deb -x "$1"_*.deb tree
    rm -f "$1"_*.deb apt.log
}

# The kernel that metapackage $1 stands for.
fetch_kernel()
{
    name=$(package_behind "$1" linux-image-)
    unpack "$name"
    version=${name#linux-image-}
    /sbin/depmod -b tree "$version"
    ln -s "tree/boot/vmlinuz-$version" vmlinuz
    ln -s "tree/lib/modules/$version" modules
}

# Headers of the kernels that are there, which must be of the same version. They
# are meant for /usr/src: let them find each other where they are.
fetch_kernel_headers()
{
    for kernel in kernel cloud-kernel; do
        version=$(basename "$(readlink "$cache/$kernel/modules")")
        headers=linux-headers-$version
        common=$(package_behind "$headers" linux-headers-.*-common)
        for package in "$headers" "$common" \
            "$(package_behind "$headers" linux-kbuild-)"; do
            [ -e "tree/usr/share/doc/$package" ] || unpack "$package"
        done
        sed -i 's!/usr/src/!../!' "tree/usr/src/$headers/Makefile"
        ln -s "tree/usr/src/$headers" $kernel
    done
}

fetch_stock_xen()
{
    name=$(package_behind xen-system-amd64 xen-hypervisor-[0-9])
    unpack "$name"
    image=$(cd tree/boot && ls xen-*-amd64.gz)
    gunzip -k "tree/boot/$image"
    ln -s "tree/boot/${image%.gz}" xen
}

fetch_grub_xen()
{
    unpack grub-xen-host
    ln -s tree/usr/lib/grub-xen/grub-x86_64-xen.bin grub
}

# The tools, and what a small system around them is made of.
tools="
    xen-utils-4.17 xenstore-utils bash bridge-utils bsdutils coreutils dash
    e2fsprogs findutils gawk grep hostname iproute2 iputils-ping kmod mount
    ncurses-base procps sed util-linux
"

# What our xl runs for disks that are images and for networks without a bridge.
device_tools='dnsmasq-base nftables qemu-utils'

# Download packages and all that they depend on, whatever this host has.
download_closure()
{
    # shellcheck disable=SC2086 # a list of words
    apt-get install -y -q --download-only --no-install-recommends \
        -o Dir::State::status="$PWD/status" \
        -o Dir::State::extended_states="$PWD/extended" \
        -o Dir::Cache::archives="$PWD/archives" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root $1 > apt.log 2>&1
}

# The packages $1, and all that they depend on, as a tree.
fetch_closure()
{
    echo "fetch: $(echo $1) and what they depend on"
    mkdir -p archives/partial tree
    : > status
    download_closure "$1" || {
        echo 'fetch: once more with new package lists'
        refresh_lists
        download_closure "$1" || {
            cat apt.log
            exit 1
        }
    }
    for package in archives/*.deb; do
        dpkg-deb -x "$package" tree
    done
    rm -rf archives status apt.log extended
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
exec 9> "$cache/lock"
flock 9
for what; do
    [ ! -e "$cache/$what" ] || continue
    rm -rf "$cache/new"
    mkdir "$cache/new"
    cd "$cache/new"
    case $what in
    kernel) fetch_kernel linux-image-amd64 ;;
    cloud-kernel) fetch_kernel linux-image-cloud-amd64 ;;
    kernel-headers) fetch_kernel_headers ;;
    stock-xen) fetch_stock_xen ;;
    stock-tools) fetch_closure "$tools" ;;
    device-tools) fetch_closure "$device_tools" ;;
    grub-xen) fetch_grub_xen ;;
    *)
        echo "fetch: what is '$what'?" >&2
        exit 1
        ;;
    esac
    cd "$cache"
    mv new "$what"
done
