#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the Debian packages of what is built.
# usage: mkdeb.sh source-root output-folder version "make command"
set -eu

root=$1 out=$2 version=$3 make=$4
source=$out/xenia-$version

rm -rf "$out"
mkdir -p "$source"
$make -C "$root" install DESTDIR="$out/tree"
cp -R "$root/boot/package/debian" "$source/"
{
    sed 's/^/ /; s/^ $/ ./' "$root/LICENSE" | tail -n +2
} >> "$source/debian/copyright"
(
    cd "$root"
    cp -R --parents README.md docs ./*/README.md "$source/"
)
cat > "$source/debian/xenia-doc.docs" << EOF
*.md
boot
docs
dom0-tools
pv-drivers
tests
xen
xenstore
EOF
# The changelog's time is that of the newest document: the same tree, the same.
date=$(find "$root/docs" "$root/README.md" -printf '%T@\n' | sort -n | tail -n 1)
cat > "$source/debian/changelog" << EOF
xenia ($version) unstable; urgency=medium

  * Built from the source tree.

 -- The Xenia developers <maintainers@xenia.invalid>  $(date -u -R -d "@$date")
EOF
cd "$source"
XENIA=$out/tree dpkg-buildpackage -b -us -uc > "$out/build.log" 2>&1 || {
    tail -n 20 "$out/build.log" >&2
    echo "deb: all of it is in $out/build.log" >&2
    exit 1
}
rm -rf "$source" "$out/tree"
ls "$out"/*.deb
