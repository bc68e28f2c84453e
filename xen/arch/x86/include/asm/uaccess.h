/* SPDX-License-Identifier: MIT */
/*
 * Single words of guest memory, for paths that are counted in instructions.
 * Everything else uses xen/guest_access.h. The address was checked with
 * guest_addr_ok() and the access stands between stac() and clac(). A fault
 * continues at `label`.
 */
#ifndef ASM_UACCESS_H
#define ASM_UACCESS_H

#include "asm/asm_macros.h"
#include "asm/page.h"

#define unsafe_put_u64(va, val, label)                                         \
    __asm__ goto("1: movq %1, %0\n" EXTABLE("1b", "%l2")                       \
                 :                                                             \
                 : "m"(*(u64 *)(va)), "r"((u64)(val))                          \
                 : "memory"                                                    \
                 : label)

#define unsafe_get_u64(dst, va, label)                                         \
    __asm__ goto("1: movq %1, %0\n" EXTABLE("1b", "%l2")                       \
                 : "=r"(dst)                                                   \
                 : "m"(*(const u64 *)(va))                                     \
                 : "memory"                                                    \
                 : label)

#define unsafe_get_u32(dst, va, label)                                         \
    __asm__ goto("1: movl %1, %0\n" EXTABLE("1b", "%l2")                       \
                 : "=r"(dst)                                                   \
                 : "m"(*(const u32 *)(va))                                     \
                 : "memory"                                                    \
                 : label)

/** [va, va + len) is the guest's; len is small (< 2 MiB). What a guest may have
 * is one range of addresses that goes on at 0 behind the last one. */
static inline bool guest_range_ok(u64 va, u64 len)
{
    return va - HYPERVISOR_VIRT_END <= (1UL << 47) - HYPERVISOR_VIRT_END - len;
}

#endif
