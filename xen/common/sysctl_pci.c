/* SPDX-License-Identifier: MIT */
/* sysctl on PCI devices. There is one NUMA node, and nobody says that a device
 * belongs to it. */
#include "sysctl_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/pci.h"

#define MAX_AT_ONCE 64

static bool device_exists(const struct physdev_pci_device *dev)
{
    bool exists;

    pci_lock_acquire();
    exists = pci_device_find_locked(dev->seg, dev->bus << 8 | dev->devfn);
    pci_lock_release();
    return exists;
}

int sysctl_pcitopoinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_pcitopoinfo *info = &op->u.pcitopoinfo;
    u32 nr = min(info->num_devs, (u32)MAX_AT_ONCE);

    if (info->devs == 0 || info->nodes == 0)
        return -EINVAL;
    for (u32 i = 0; i < nr; i++) {
        struct physdev_pci_device dev;
        u32 node;

        if (copy_from_guest_index(&dev, info->devs, i))
            return -EFAULT;
        node = device_exists(&dev) ? XEN_INVALID_NODE_ID : XEN_INVALID_DEV;
        if (copy_to_guest_index(info->nodes, i, &node))
            return -EFAULT;
    }
    info->num_devs = nr;
    return 0;
}
