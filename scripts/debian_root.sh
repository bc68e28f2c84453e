#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a small Debian system in a folder, of the release of this host and from
# its package servers. Wants root rights.
# usage: debian_root.sh folder [package...]
#
# The base is made once and kept in the folder given by $CACHE.
set -eu

folder=$1
shift
packages=$(echo "$*" | tr ' ' ,)
name=$(echo "debian-root $*" | sha256sum | cut -c 1-12)
kept=$CACHE/debian-root-$name.tar

make_base()
{
    # shellcheck disable=SC1091
    . /etc/os-release
    server=$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' | head -n 1)
    rm -rf "$kept.new"
    debootstrap --variant=minbase --include="$packages" "$VERSION_CODENAME" \
        "$kept.new" "$server" > "$kept.log" 2>&1 || {
        tail -n 5 "$kept.log" >&2
        exit 1
    }
    rm -rf "$kept.new"/var/cache/apt/archives/*.deb
    tar c -C "$kept.new" . > "$kept"
    rm -rf "$kept.new" "$kept.log"
}

mkdir -p "$CACHE"
[ -e "$kept" ] || make_base
rm -rf "$folder"
mkdir -p "$folder"
tar x -C "$folder" -f "$kept"
