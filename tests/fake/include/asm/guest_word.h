/* SPDX-License-Identifier: MIT */
/* Words of the memory that a test has registered as the guest's. */
#ifndef ASM_GUEST_WORD_H
#define ASM_GUEST_WORD_H

#include "xen/errno.h"
#include "xen/guest_access.h"

static inline long __must_check get_guest_u32(u64 guest_va)
{
    u32 value;

    if (copy_from_guest(&value, guest_va, sizeof(value)))
        return -EFAULT;
    return value;
}

static inline int __must_check get_guest_words(void *dst, u64 guest_va,
                                               unsigned int nr)
{
    return copy_from_guest(dst, guest_va, nr * sizeof(u64));
}

#endif
