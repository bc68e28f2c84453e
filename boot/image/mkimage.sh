#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a disk image with a Debian host on it, our packages installed. Without
# root rights: in a user namespace.
# usage: mkimage.sh disk cache guests-folder MiB package.deb...
set -eu

here=$(dirname "$0")

if [ -z "${IMAGE_NAMESPACE:-}" ]; then
    user=
    [ "$(id -u)" -eq 0 ] || user='--map-root-user --map-auto'
    # shellcheck disable=SC2086 # words
    IMAGE_NAMESPACE=y exec unshare $user --mount --pid --fork sh "$0" "$@"
fi

disk=$1 cache=$2 guests=$3 mib=$4
shift 4
root=$disk.root
uuid=c1f3a9de-4b5a-4f0e-9d0c-58454e494121
sh "$here/mkroot.sh" "$root" "$cache" "$guests" $uuid "$@" \
    > "$disk.log" 2>&1 || {
    tail -n 5 "$disk.log" >&2
    echo "image: all of it is in $disk.log" >&2
    exit 1
}
rm -f "$disk.new"
python3 "$here/mkdisk.py" "$disk.new" "$root" $uuid "$mib"
mv "$disk.new" "$disk"
rm -rf "$root"
