/* SPDX-License-Identifier: MIT */
/* Hypercalls: the bare call, and the calls that tests make most. */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <stddef.h>
#include <stdint.h>

#include "public/errno.h"
#include "public/xen.h"

/** Make hypercall nr. Arguments are numbers or pointers. Returns its result. */
#define hypercall(nr, ...) HYPERCALL_PICK(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0)

#define HYPERCALL_PICK(nr, a, b, c, d, e, ...)                                 \
    hypercall5(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), \
               (uint64_t)(e))

static inline long hypercall5(uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
                              uint64_t d, uint64_t e)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;

    __asm__ volatile("syscall"
                     : "+a"(nr), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r11", "r9", "memory");
    return (long)nr;
}

/** One page-table entry (MMU_* in the low bits of ptr). */
static inline long mmu_update(uint64_t ptr, uint64_t val)
{
    struct mmu_update req = {.ptr = ptr, .val = val};

    return hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_SELF);
}

/** One mmuext operation on a frame (or whatever arg1 is). */
static inline long mmuext(uint32_t cmd, uint64_t arg1)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1};

    return hypercall(__HYPERVISOR_mmuext_op, &op, 1, NULL, DOMID_SELF);
}

static inline long mmuext2(uint32_t cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = arg1, .arg2.vcpumask = arg2};

    return hypercall(__HYPERVISOR_mmuext_op, &op, 1, NULL, DOMID_SELF);
}

static inline long update_va_mapping(uint64_t va, uint64_t pte, uint64_t flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

#endif
