/* SPDX-License-Identifier: MIT */
/* Non-maskable interrupts for guests: nmi_op. */
#ifndef XEN_PUBLIC_NMI_H
#define XEN_PUBLIC_NMI_H

#include "public/xen.h"

#define XENNMI_register_callback   0 /* struct xennmi_callback */
#define XENNMI_unregister_callback 1

/* arch_shared_info.nmi_reason: for the hardware domain. */
#define XEN_NMIREASON_io_error (1UL << 0)
#define XEN_NMIREASON_pci_serr (1UL << 1)
#define XEN_NMIREASON_unknown  (1UL << 2)

struct xennmi_callback {
    xen_ulong_t handler_address;
    xen_ulong_t pad;
};

#endif
