#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the root file system of a Debian host, with our packages installed by apt.
# usage: mkroot.sh folder cache guests-folder uuid package.deb...
#
# Runs as root, or as what `unshare` makes a root of. Debian's part is made once
# for each list of packages and kept in the cache.
set -eu

root=$1 cache=$2 guests=$3 uuid=$4
shift 4
here=$(dirname "$0")

# What packages depend on that is Debian's.
needed()
{
    for deb; do
        dpkg-deb -f "$deb" Depends | tr , '\n'
    done | sed -e 's/^ *//' -e 's/[ (|].*//' | grep -v -e ^xenia -e '^$' |
        sort -u
}

# Debian's package servers, as this host knows them.
sources()
{
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u
}

make_base()
{
    # shellcheck disable=SC1091
    . /etc/os-release
    sources > "$kept.list"
    mmdebstrap --format=tar --mode=root --variant=apt --include="$packages" \
        "$VERSION_CODENAME" "$kept.new" "$kept.list" > "$kept.log" 2>&1 || {
        tail -n 5 "$kept.log" >&2
        exit 1
    }
    mv "$kept.new" "$kept"
    rm -f "$kept.log" "$kept.list"
}

unpack_base()
{
    packages=$(echo $(cat "$here/packages") $(needed "$@") | tr ' ' ,)
    name=$({ echo "$packages"; sources; } | sha256sum | cut -c 1-12)
    kept=$cache/image-root-$name.tar
    mkdir -p "$cache"
    [ -e "$kept" ] || make_base
    rm -rf "$root"
    mkdir -p "$root"
    tar x -C "$root" -f "$kept" --exclude='./dev/*'
}

# What packages' scripts look at, for as long as they run.
mount_kernel()
{
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 dev "$root/dev"
    for device in null zero random urandom; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
}

inside()
{
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive \
        SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# All of it is there: apt asks no server.
install_packages()
{
    mkdir "$root/debs"
    cp "$@" "$root/debs/"
    inside sh -c 'apt-get install -q -y --no-install-recommends /debs/*.deb'
    rm -r "$root/debs"
}

# The host's own settings, and guests to begin with.
configure()
{
    cp -R "$here/root/." "$root/"
    echo "UUID=$uuid / ext4 errors=remount-ro,x-systemd.growfs 0 1" \
        > "$root/etc/fstab"
    inside systemctl enable -q systemd-networkd
    inside passwd -q -d root
    [ -z "${SSH_KEY:-}" ] ||
        install -D -m 600 "$SSH_KEY" "$root/root/.ssh/authorized_keys"
    cp -R "$guests/xen/." "$root/etc/xen/"
    cp -R "$guests/guests" "$root/srv/"
    ln -s ../debian.cfg "$root/etc/xen/auto/"
}

# GRUB's menu, by Debian's own scripts: they ask grub-probe for the disk, which is
# not there yet.
make_menu()
{
    for kind in i386-pc x86_64-efi; do
        mkdir -p "$root/boot/grub/$kind"
        cp "$root/usr/lib/grub/$kind"/*.mod "$root/usr/lib/grub/$kind"/*.lst \
            "$root/boot/grub/$kind/"
    done
    mkdir -p "$root/dev/disk/by-uuid"
    touch "$root/dev/disk/by-uuid/$uuid"
    cat > "$root.probe" << END
#!/bin/sh
case "\$*" in
*--target=fs_uuid*) echo $uuid ;;
*--target=fs*) echo ext2 ;;
*--target=partmap*) echo gpt ;;
*--target=device*) echo /dev/vda3 ;;
*--target=compatibility_hint*) echo hd0,gpt3 ;;
esac
END
    chmod 755 "$root.probe"
    mount --bind "$root.probe" "$root/usr/sbin/grub-probe"
    inside update-grub
    umount "$root/usr/sbin/grub-probe"
    rm -r "$root.probe"
}

# What must not be the same on two hosts, and what differs between two builds.
clean()
{
    : > "$root/etc/machine-id"
    rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/systemd/random-seed" \
        "$root/var/cache/ldconfig/aux-cache" "$root"/var/lib/dpkg/*-old
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    find "$root/var/log" -type f -exec truncate -s 0 {} +
    find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h \
        -d "@$SOURCE_DATE_EPOCH" {} +
}

unpack_base "$@"
mount_kernel
install_packages "$@"
configure
make_menu
umount -R "$root/proc" "$root/dev"
clean
