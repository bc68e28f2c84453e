# SPDX-License-Identifier: MIT
# The hypervisor, the store, the guests' consoles, disks, networks.

find_hypervisor()
{
    [ -d /proc/xen ] || {
        echo 'none: start Linux by it, not by itself'
        return 1
    }
    /usr/lib/xenia/open-host && xl info xen_version
}

start_store()
{
    xenstored --pid-file /run/xenstored.pid && /usr/lib/xenia/store-ready &&
        echo xenstored
}

start_consoles()
{
    if ! command -v xenconsoled > /dev/null; then
        echo 'none: there is no xenconsoled'
        return
    fi
    xenconsoled && echo xenconsoled
}

# Those that the kernel does not serve.
start_backends()
{
    xen-blkd && xen-netd && echo xen-blkd, xen-netd
}

start_services()
{
    step hypervisor find_hypervisor || return
    step store start_store
    step consoles start_consoles
    step back-ends start_backends
}
