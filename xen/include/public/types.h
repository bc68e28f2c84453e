/* SPDX-License-Identifier: MIT */
/* Types that the guest ABI is written in; 64-bit x86 only. */
#ifndef XEN_PUBLIC_TYPES_H
#define XEN_PUBLIC_TYPES_H

#include <stdint.h>

typedef uint64_t xen_ulong_t;     /* a register */
typedef uint64_t xen_pfn_t;       /* a frame number, of any of the spaces */
typedef uint64_t xen_callback_t;  /* guest entry point */
typedef uint64_t xen_guest_ptr_t; /* virtual address in the caller's space */
typedef uint16_t domid_t;
typedef uint8_t xen_domain_handle_t[16]; /* UUID */

#endif
