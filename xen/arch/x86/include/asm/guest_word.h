/* SPDX-License-Identifier: MIT */
/* Words of the running guest's memory, for calls counted in instructions. */
#ifndef ASM_GUEST_WORD_H
#define ASM_GUEST_WORD_H

#include "xen/errno.h"
#include "asm/uaccess.h"

/** copy_from_guest() of one word. Returns it, or -EFAULT. */
static __always_inline long __must_check get_guest_u32(u64 guest_va)
{
    u32 value;

    if (unlikely(!guest_range_ok(guest_va, sizeof(value))))
        return -EFAULT;
    stac();
    /* cppcheck-suppress legacyUninitvar ; it is the statement's output */
    unsafe_get_u32(value, guest_va, fault);
    clac();
    return value;

fault:
    clac();
    return -EFAULT;
}

/** copy_from_guest() of nr words, a constant of at most eight. Returns 0, or
 * -EFAULT with dst[] spoilt. */
static __always_inline int __must_check get_guest_words(void *dst, u64 guest_va,
                                                        unsigned int nr)
{
    u64 *to = dst, word;

    if (unlikely(!guest_range_ok(guest_va, nr * sizeof(word))))
        return -EFAULT;
    stac();
    UNROLL
    for (unsigned int i = 0; i < nr; i++) {
        /* cppcheck-suppress legacyUninitvar ; it is the statement's output */
        unsafe_get_u64(word, guest_va + i * sizeof(word), fault);
        to[i] = word;
    }
    clac();
    return 0;

fault:
    clac();
    return -EFAULT;
}

#endif
