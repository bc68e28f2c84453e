# SPDX-License-Identifier: MIT
# The project's own xenstore commands beside Debian's, on the host's store: by
# the daemon's socket, and by the kernel's device, as they go where there is no
# socket.

own_store()
{
    LD_LIBRARY_PATH=/toolstack/store /toolstack/store/xenstore "$@"
}

by_device()
{
    XENSTORED_PATH=/dev/xen/xenbus LD_LIBRARY_PATH=/toolstack/store \
        /toolstack/store/xenstore "$@"
}

check_store_commands_show_the_same()
{
    create "$(tiny_config one idle)" || return
    for args in '-f' '-p' '-fp' '-p /local/domain/0' '-f /vm'; do
        # shellcheck disable=SC2086 # a list of words
        {
            xenstore-ls $args > /tmp/stock.out
            own_store ls $args > /tmp/socket.out
            by_device ls $args > /tmp/device.out
        } || return
        for way in socket device; do
            cmp -s /tmp/stock.out /tmp/$way.out || {
                echo "ls $args by $way differs"
                diff /tmp/stock.out /tmp/$way.out
                return 1
            }
        done
    done
    [ "$(wc -l < /tmp/stock.out)" -gt 5 ] || {
        echo 'there is nothing to see'
        return 1
    }
}

check_store_device_does_all()
{
    by_device write /test/a 1 /test/b 'two words' || return
    expect 'by the socket' 'two words' "$(xenstore-read /test/b)" || return
    expect 'by the device' 1 "$(by_device read /test/a)" || return
    by_device chmod -r /test n0 r3 || return
    expect permissions '/test/a = "1"   (n0,r3)' \
        "$(xenstore-ls -fp /test | head -n 1)" || return
    by_device exists /test/none && {
        echo 'finds what is not there'
        return 1
    }
    by_device read /test/none 2> /tmp/error && {
        echo 'reads what is not there'
        return 1
    }
    by_device rm -t /test/a /test/b || return
    own_store exists /test && {
        echo 'leaves an empty parent'
        return 1
    }
    return 0
}

check_store_device_tells_of_changes()
{
    by_device watch -n 3 /test > /tmp/events 2>&1 &
    watch=$!
    wait_until 30 grep -q /test /tmp/events || return
    xenstore-write /test/x 1
    own_store write /test/y 1
    wait $watch || return
    expect events '/test /test/x /test/y' "$(xargs < /tmp/events)" || return
    xenstore-rm /test
}

# Longer than one message.
check_store_device_lists_many()
{
    i=0
    while [ $i -lt 300 ]; do
        set -- "$@" "/many/a-name-of-some-length-$i" $i
        i=$((i + 1))
    done
    own_store write "$@" || return
    expect names 300 "$(by_device list /many | sort -u | wc -l)" || return
    expect 'names by the socket' 300 "$(own_store list /many | wc -l)" || return
    by_device rm /many
}
