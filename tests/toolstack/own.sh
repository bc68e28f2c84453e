# SPDX-License-Identifier: MIT
# The project's own xl beside Debian's, on one host: the same words for the same
# state, guests that either can end, and what a person is told.

own=/toolstack/xl

# Numbers that differ from one call to the next: times, and who runs just now.
steady()
{
    sed -E -e 's/ +[0-9]+\.[0-9]( |$)/ T\1/' -e 's/[0-9]+:[0-9]{2}:[0-9]{2}/T/g' \
        -e 's/ (r--|-b-|---) +T/ S T/' -e 's/ (r-----|-b----|------) +T/ S T/' \
        -e '/^free_memory /d'
}

# same ARGUMENT...: both xl print the same on standard output.
same()
{
    xl "$@" 2> /dev/null | steady > /tmp/stock.out
    # Less what is in a configuration and the stock tool has no member for.
    $own "$@" 2> /tmp/own.err | grep -v '^ *"xenia_' | steady > /tmp/own.out
    cmp -s /tmp/stock.out /tmp/own.out || {
        echo "xl $* differs: $(cat /tmp/own.err)"
        diff /tmp/stock.out /tmp/own.out
        return 1
    }
}

# all_same LINE...: each a command's arguments.
all_same()
{
    for line; do
        # shellcheck disable=SC2086 # a line is a list of words
        same $line || return
    done
}

check_own_prints_the_same()
{
    create "$(tiny_config one idle vcpus=2)" -p || return
    create "$(tiny_config two idle maxmem=16 maxvcpus=2 vcpus=1)" || return
    wait_until 60 has_printed two TINY-UP || return
    # Not `list -l` of all: the stock tool shows Domain-0 one KiB less.
    all_same list 'list -l one' 'list -l two' 'list -v' 'list -Z' 'list -c' 'list -n' 'list -v -c -n' \
        'list one' 'list nobody' info 'info -n' 'info xen_minor' vcpu-list \
        'vcpu-list two one' 'domid one' 'domid nobody' 'domname 2' uptime \
        'uptime two' cpupool-list 'cpupool-list -c' sched-credit2 \
        'sched-credit2 -d one' 'sched-credit2 -s' sched-credit vm-list claims \
        sharing dmesg
}

check_own_changes_what_stock_shows()
{
    $own vcpu-pin two 0 1 0 && $own sched-credit2 -d two -w 300 -c 20 &&
        $own rename two three && $own mem-max three 24 &&
        $own vcpu-set three 2 || return
    id=$(xl domid three)
    expect affinity '1 / 0' "$(xl vcpu-list three |
        awk 'NR == 2 { print $7, $8, $9 }')" || return
    expect share '300 20' "$(xl sched-credit2 -d three |
        awk 'NR == 2 { print $3, $4 }')" || return
    expect static-max 24576 \
        "$(xenstore-read "/local/domain/$id/memory/static-max")" || return
    $own pause three && has_state three '??p---' && $own unpause three &&
        has_state three '??----' && $own unpause one &&
        wait_until 60 has_printed one TINY-UP
}

# A guest of each tool is destroyed by the other, and both leave the same.
check_own_creates_what_stock_destroys()
{
    xenstore-ls > /tmp/before
    rm -f $consoles/guest-mine.log
    $own create -q "$(tiny_config mine idle vcpus=2)" || return
    wait_until 60 has_printed mine TINY-UP || return
    all_same 'list mine' 'vcpu-list mine' 'domid mine' || return
    xl destroy mine && wait_until 60 is_gone mine || return
    create "$(tiny_config yours idle)" && $own destroy yours &&
        wait_until 60 is_gone yours || return
    xenstore-ls > /tmp/after
    diff /tmp/before /tmp/after
}

# tree_of ID: all nodes of a domain with values and rights, its id left out, and
# without those that must differ or that xenconsoled writes. The stock tool lets
# the guest have backend-id, which is not its to change.
tree_of()
{
    for root in "/local/domain/$1" "/libxl/$1" \
        /vm/12345678-9abc-def0-1234-56789abcdef0 \
        "/local/domain/0/backend/console/$1"; do
        xenstore-ls -f -p "$root"
    done | tr -s ' .' ' ' | sort |
        sed -E -e "s,\b$1\b,ID,g" -e "s/\b([nr])$1\b/\1ID/g" |
        grep -v -E '/(ring-ref|start_time|tty|backend-id) = '
}

check_own_tree_is_as_stock()
{
    for tool in xl $own; do
        $tool create -q -p "$(tiny_config twin idle vcpus=1 maxvcpus=2 \
            "uuid='12345678-9abc-def0-1234-56789abcdef0'")" || return
        tree_of "$(xl domid twin)" > "/tmp/tree.$([ $tool = xl ] && echo stock || echo own)"
        xl destroy twin && wait_until 60 is_gone twin || return
    done
    [ "$(wc -l < /tmp/tree.own)" -gt 40 ] &&
        diff /tmp/tree.stock /tmp/tree.own
}

# Debian's kernel with a disk in a file, one that is a device, and a network.
check_own_boots_linux()
{
    make_disks || return
    rm -f $consoles/guest-linux.log
    $own create -q "$(linux_config linux cloud "guest.ip=$address" \
        vcpus=2 "$bridge" "cpuid='host,aesni=0,stepping=9'" \
        "disk=['phy:/dev/loop7,xvda,w','file:/disk/file.img,xvdb,w']")" &&
        wait_until 300 has_printed linux GUEST-READY &&
        has_printed linux 'GUEST-INIT .* 2 CPUs' || return
    check_answers_ping && check_disk && lacks_feature aes &&
        has_stepping 9 && same_devices && devices_come_and_go || return
    $own shutdown -w linux && wait_until 60 is_gone linux &&
        has_printed linux GUEST-POWEROFF && wait_until 20 file_is_free &&
        losetup -d /dev/loop7
}

# The kernel that most guests have, which is packed by xz.
check_own_boots_the_usual_kernel()
{
    rm -f $consoles/guest-linux.log
    $own create -q "$(linux_config linux vmlinuz '')" &&
        wait_until 300 has_printed linux GUEST-INIT && $own destroy linux
}

# lacks_feature FLAG: the guest's kernel does not see what this one does.
lacks_feature()
{
    grep -q -w "$1" /proc/cpuinfo && expect "CPUs with $1" 0 \
        "$(inside $address "grep -c -w $1 /proc/cpuinfo")"
}

# has_stepping NUMBER: the CPU, as the guest sees it.
has_stepping()
{
    expect stepping "$1" "$(inside $address \
        "sed -n 's/^stepping.*: //p' /proc/cpuinfo | head -n 1")"
}

devices_come_and_go()
{
    truncate -s 8M /disk/more.img
    $own block-attach linux /disk/more.img,raw,xvdc,w &&
        wait_until 60 guest_has_disk xvdc && $own block-detach linux xvdc &&
        wait_until 60 guest_lacks_disk xvdc || return
    $own network-attach linux mac=00:16:3e:00:00:03 bridge=xenbr0 &&
        wait_until 60 guest_has_nic eth1 &&
        $own network-detach linux 00:16:3e:00:00:03 &&
        wait_until 60 guest_lacks_nic eth1
}

# Both connected, and seen so by the stock tool.
same_devices()
{
    all_same 'block-list linux' 'network-list linux' 'list -l linux' || return
    expect disks '51712 4 51728 4' "$(xl block-list linux |
        awk 'NR > 1 { print $1, $4 }' | tr '\n' ' ' | sed 's/ $//')" || return
    expect network '0 00:16:3e:00:00:02 4' \
        "$(xl network-list linux | awk 'NR == 2 { print $1, $3, $5 }')"
}

file_is_free()
{
    ! losetup -a | grep -q file.img
}

# A guest with a disk of each tool is destroyed by the other.
check_own_and_stock_end_devices()
{
    disk="disk=['file:/disk/file.img,xvda,w']"
    $own create -q -p "$(tiny_config ours idle "$disk" "$bridge")" &&
        xl destroy ours && wait_until 60 is_gone ours || return
    [ -z "$(losetup -a | grep file.img)" ] || losetup -d "$(losetup -a |
        sed -n 's/:.*file.img.*//p')"
    create "$(tiny_config theirs idle "$disk" "$bridge")" -p &&
        $own destroy theirs && wait_until 60 is_gone theirs || return
    xenstore-ls /local/domain/0/backend | grep -E '51712|bridge' && return 1
    return 0
}

# What becomes of a guest that ends.
check_own_watches_its_guests()
{
    $own create -q "$(tiny_config off poweroff)" &&
        wait_until 60 is_gone off || return
    $own create -q "$(tiny_config off poweroff "on_poweroff='preserve'")" &&
        wait_until 60 has_state off '---s--' && $own destroy off || return
    $own create -q "$(tiny_config off crash "on_crash='preserve'")" &&
        wait_until 60 has_state off '---sc-' && $own destroy off || return
    $own create -q "$(tiny_config again reboot)" || return
    first=$(xl domid again) || return
    wait_until 60 has_newer_id again "$first" || return
    wait_until 60 own_ends_for_good again
}

# own_ends_for_good NAME: of a guest that reboots all the time; it is over when
# nobody is left who would make it anew.
own_ends_for_good()
{
    $own destroy "$1" 2> /dev/null
    nobody_watches && is_gone "$1"
}

# fails STATUS TEXT ARGUMENT...: says what is wrong, and with which status.
fails()
{
    status=$1 text=$2
    shift 2
    $own "$@" > /tmp/own.out 2> /tmp/own.err < /dev/null
    expect "status of $*" "$status" $? || return
    grep -q -F -- "$text" /tmp/own.err || {
        echo "xl $*: $(cat /tmp/own.err)"
        return 1
    }
}

check_own_errors()
{
    file=$(tiny_config wrong idle memroy=12)
    fails 11 'did you mean `memory`?' create "$file" || return
    fails 11 'No such file' create /nonexistent || return
    file=$(config wrong "kernel='/nonexistent'" memory=8)
    fails 13 'kernel: /nonexistent: No such file' create "$file" || return
    file=$(config wrong "kernel='/bin/busybox'" memory=8)
    fails 13 'kernel: /bin/busybox' create "$file" || return
    file=$(tiny_config one idle)
    fails 9 'has this name' create "$file" || return
    file=$(tiny_config wrong idle "disk=['/dev/nonexistent,,xvda']")
    fails 14 "disk[0]: '/dev/nonexistent': no such device" create "$file" ||
        return
    file=$(tiny_config wrong idle "vif=['bridge=br7']")
    fails 14 "vif[0]: bridge 'br7': no such bridge" create "$file" || return
    file=$(tiny_config wrong idle memory=99999)
    fails 12 'free on this host' create "$file" || return
    file=$(tiny_config wrong idle "cpus='77'")
    fails 2 'the host has CPUs 0 to' create "$file" || return
    fails 6 'no such domain' destroy nobody || return
    fails 2 'no such command' frobnicate || return
    fails 2 'domain 0 is the control domain' destroy 0 || return
    mv /dev/xen/privcmd /dev/xen/hidden
    fails 3 'no hypervisor' list
    rc=$?
    mv /dev/xen/hidden /dev/xen/privcmd
    return $rc
}

# A create that is refused leaves the host as it was.
check_own_leaves_nothing()
{
    before=$(free_memory)
    xenstore-ls > /tmp/before
    $own create -q "$(tiny_config many idle memory=900)" 2> /dev/null
    $own create -q "$(tiny_config small idle memory=1)" 2> /dev/null
    destroy_if_there many
    xenstore-ls > /tmp/after
    diff /tmp/before /tmp/after || return
    expect 'free MiB' "$before" "$(free_memory)"
}

destroy_if_there()
{
    ! exists "$1" || destroy "$1"
}

check_own_thirty_guests()
{
    destroy_all || return
    before=$(free_memory)
    for i in $(seq 30); do
        $own create -q "$(tiny_config "tiny$i" idle)" || return
    done
    same list || return
    for i in $(seq 30); do
        $own destroy "tiny$i" || return
    done
    wait_until 60 nobody_else || return
    expect 'free MiB' "$before" "$(free_memory)"
}
