/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls: dispatch, and what long ones need to be continued.
 *
 * xen/common/hypercall_list.h has a row for each. A handler gets its arguments
 * as numbers and returns the result: 0 or more, or a negative errno value. One
 * that returns -ERESTART has stored its progress with
 * hypercall_continue(): the guest makes the same call again with the stored
 * arguments, after interrupts and events were looked at.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include "xen/types.h"
#include "xen/compiler.h"

/* Who may call. */
enum hc_right { HC_ANY, HC_CONTROL, HC_HARDWARE };

struct hypercall_args {
    unsigned long arg[6];
};

typedef long (*hypercall_fn)(unsigned long a0, unsigned long a1,
                             unsigned long a2, unsigned long a3,
                             unsigned long a4);

#define NR_HYPERCALLS 64

/* By number, each with its check: where the syscall path goes. */
extern const hypercall_fn hypercall_entries[NR_HYPERCALLS];

/** Long ones can be continued from now on. Boot only. */
void hypercall_init(void);

/**
 * Set the arguments of the continuation. Call before returning -ERESTART; the
 * number of the call stays. Works inside a multicall too.
 */
void hypercall_continue(unsigned long a0, unsigned long a1, unsigned long a2,
                        unsigned long a3, unsigned long a4);

/** May the current domain make a call with this right? */
bool hypercall_allowed(enum hc_right right);

/** Make one call on behalf of a multicall entry. */
long hypercall_dispatch(unsigned long nr, const unsigned long args[6]);

/* A debug build says where an error came from. */
#if CONFIG_DEBUG
long hc_error_at(long rc, const char *file, unsigned int line);
#define hc_error(rc) hc_error_at((rc), __FILE__, __LINE__)
#else
#define hc_error(rc) (rc)
#endif

#define HYPERCALL(nr, name, nr_args, right)                                    \
    long do_##name(unsigned long a0, unsigned long a1, unsigned long a2,       \
                   unsigned long a3, unsigned long a4);
#include "xen/hypercall_list.h"
#undef HYPERCALL

#endif
