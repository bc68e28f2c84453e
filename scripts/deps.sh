#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what building, running and testing need from Debian's packages.
# Silent when all is there; uses sudo only if something is missing and the user
# is not root.
set -eu

packages="
    binutils bison clang clang-format cpio cppcheck dnsmasq-base e2fsprogs fio flex gcc
    grub-common grub-pc-bin gzip iproute2 kmod libc6-dev libcap-ng-dev libcapstone-dev libclang-rt-14-dev libcmocka-dev libelf1 libncurses-dev libnl-route-3-dev
    libseccomp-dev liburing-dev libxen-dev libyajl-dev linux-libc-dev lz4 make mandoc mtools nettle-dev busybox-static nftables pkg-config python3 qemu-system-x86 qemu-utils
    debhelper debootstrap dpkg-dev fdisk grub-efi-amd64-bin ipxe lintian mmdebstrap ovmf squashfs-tools
    socat stress-ng tmux uidmap uuid-dev valgrind xorriso xz-utils zlib1g-dev zsh zstd
"

missing=
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) || :
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || {
        echo "deps: as root, run: apt-get install$missing" >&2
        exit 1
    }
    as_root=sudo
fi

install_missing()
{
    # shellcheck disable=SC2086 # both are lists of words
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing
}

echo "deps: installing$missing"
install_missing || {
    echo 'deps: once more with new package lists'
    $as_root apt-get update -q
    install_missing
}
