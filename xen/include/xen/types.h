/* SPDX-License-Identifier: MIT */
/* Fixed-width types, and a type for each kind of frame number. */
#ifndef XEN_TYPES_H
#define XEN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/compiler.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t;  /* machine address in bytes */
typedef s64 s_time_t; /* nanoseconds since the hypervisor started */

#define STIME_MAX     ((s_time_t)(~0ULL >> 1))
#define MILLISECS(ms) ((s_time_t)(ms)*1000000)
#define MICROSECS(us) ((s_time_t)(us)*1000)
#define SECONDS(s)    ((s_time_t)(s)*1000000000)

/*
 * Frame numbers. mfn: a frame of the machine. gfn: what a guest puts into its
 * page tables, the mfn for PV guests. pfn: a PV guest's own linear numbering.
 */
typedef struct {
    unsigned long m;
} mfn_t;
typedef struct {
    unsigned long g;
} gfn_t;
typedef struct {
    unsigned long p;
} pfn_t;

#define _mfn(x)     ((mfn_t){.m = (x)})
#define _gfn(x)     ((gfn_t){.g = (x)})
#define _pfn(x)     ((pfn_t){.p = (x)})
#define INVALID_MFN _mfn(~0UL)
#define INVALID_GFN _gfn(~0UL)
#define INVALID_PFN _pfn(~0UL)

static inline unsigned long mfn_x(mfn_t mfn)
{
    return mfn.m;
}

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.m == b.m;
}

static inline mfn_t mfn_add(mfn_t mfn, unsigned long n)
{
    return _mfn(mfn.m + n);
}

struct domain;
struct vcpu;
struct page_info;
struct cpu_regs;

#endif
