# SPDX-License-Identifier: MIT
# Where guests' definitions and files are: a file system or an archive with
#   xen/      becomes /etc/xen
#   guests/   kernels, RAM disks, disks, as the definitions name them
# seen at /srv. It is on the disk labelled XENIA unless xenia.data= says another
# label or an archive's address (http, tftp).

# A disk behind USB comes late, and brings a driver's name then.
look_for_label()
{
    load_drivers
    findfs "LABEL=$1"
}

# find_label LABEL SECONDS: prints the device, waiting a little for slow disks.
find_label()
{
    wait_for "$2" look_for_label "$1" && findfs "LABEL=$1"
}

# What can't be written on, a CD, has memory above it: changes last until the
# host ends.
mount_disk()
{
    mount "$1" /srv 2> /dev/null || mount -o ro "$1" /srv || {
        echo "$1 has no file system that this host knows"
        return 1
    }
    if ! grep -q "^[^ ]* /srv [^ ]* rw" /proc/mounts; then
        mkdir -p /run/above/new /run/above/work &&
            mount -t overlay -o lowerdir=/srv,upperdir=/run/above/new,workdir=/run/above/work \
                above /srv || return
    fi
    echo "$1 at /srv"
}

fetch_archive()
{
    case $1 in
    http://*) wget -q -O /run/data "$1" ;;
    tftp://*)
        rest=${1#tftp://}
        tftp -g -b 1428 -r "${rest#*/}" -l /run/data "${rest%%/*}"
        ;;
    esac || {
        echo "$1: no such file on the server; is it in the served folder?"
        return 1
    }
    tar x -f /run/data -C /srv || {
        echo "$1: not a tar archive: make it anew by xenia-netboot"
        return 1
    }
    rm -f /run/data
    echo "$1 at /srv"
}

find_data()
{
    case $opt_data in
    *://*) fetch_archive "$opt_data" || return ;;
    none) echo 'none, as xenia.data says' ;;
    '')
        if disk=$(findfs LABEL=XENIA 2> /dev/null); then
            mount_disk "$disk" || return
        else
            echo 'no disk is labelled XENIA: /etc/xen is empty'
        fi
        ;;
    *)
        disk=$(find_label "$opt_data" 10) || {
            echo "no disk is labelled $opt_data"
            return 1
        }
        mount_disk "$disk" || return
        ;;
    esac
    [ ! -d /srv/xen ] || mount -o bind /srv/xen /etc/xen
}
