/* SPDX-License-Identifier: MIT */
/* Entry points of a guest kernel. */
#ifndef XEN_PUBLIC_CALLBACK_H
#define XEN_PUBLIC_CALLBACK_H

#include "public/xen.h"

#define CALLBACKOP_register              0 /* struct callback_register */
#define CALLBACKOP_unregister            1 /* struct callback_unregister */

#define CALLBACKTYPE_event               0
#define CALLBACKTYPE_failsafe            1 /* a segment or iret could not be loaded */
#define CALLBACKTYPE_syscall             2
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi                 4
#define CALLBACKTYPE_sysenter            5
#define CALLBACKTYPE_syscall32           7

/* Events are masked when it is entered. */
#define CALLBACKF_mask_events (1U << 0)

struct callback_register {
    uint16_t type;  /* CALLBACKTYPE_* */
    uint16_t flags; /* CALLBACKF_* */
    xen_callback_t address;
};

struct callback_unregister {
    uint16_t type;
    uint16_t _unused;
};

#endif
