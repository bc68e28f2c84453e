/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to the memory of the running guest, by its virtual
 * addresses. What is copied is private afterwards: check the copy, use the
 * copy.
 */
#ifndef XEN_GUEST_ACCESS_H
#define XEN_GUEST_ACCESS_H

#include "xen/types.h"

/** Returns 0; -EFAULT if any byte is the hypervisor's or faults. Callable in
 * hypercalls only (interrupts on, guest's tables loaded). */
int __must_check copy_from_guest(void *dst, u64 guest_va, size_t len);
int __must_check copy_to_guest(u64 guest_va, const void *src, size_t len);
/** The same for one word, in fewer instructions. */
int __must_check put_guest_u64(u64 guest_va, u64 value);
/** Zero guest memory. Returns 0 or -EFAULT. */
int __must_check clear_guest(u64 guest_va, size_t len);

/** The whole array lies in guest-accessible addresses (and does not wrap). */
bool guest_array_ok(u64 guest_va, u64 nr, size_t size);

/* One element of a guest array. */
#define copy_from_guest_index(dst, va, i)                                      \
    copy_from_guest((dst), (va) + (u64)(i) * sizeof(*(dst)), sizeof(*(dst)))
#define copy_to_guest_index(va, i, src)                                        \
    copy_to_guest((va) + (u64)(i) * sizeof(*(src)), (src), sizeof(*(src)))

#endif
