/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls with sub-operations: a table has one row per operation, with the
 * struct it takes, whether that is copied in and out, and who may call. The
 * handler sees a private copy only.
 */
#ifndef XEN_SUBOP_H
#define XEN_SUBOP_H

#include "xen/hypercall.h"

enum subop_copy {
    COPY_NONE, /* no struct */
    COPY_IN,
    COPY_OUT,
    COPY_INOUT,
};

#define SUBOP_MAX_SIZE 256

struct subop {
    long (*handler)(void *arg); /* NULL: a hole */
    u16 size;                   /* of the struct, at most SUBOP_MAX_SIZE */
    u8 copy;                    /* enum subop_copy */
    u8 right;                   /* enum hc_right */
};

/* A row; the handler takes a pointer to the private copy as void *. */
#define SUBOP(nr, fn, type, how, who)                                          \
    [nr] = {                                                                   \
        .handler = (fn), .size = sizeof(type), .copy = (how), .right = (who)}
#define SUBOP_NOARG(nr, fn, who)                                               \
    [nr] = {.handler = (fn), .copy = COPY_NONE, .right = (who)}

/**
 * Find the row of `nr`, check the right, copy in, call, copy out (also when
 * the handler failed: results may say why; not on -EFAULT/-ENOSYS/-EPERM of
 * this function itself).
 *
 * Returns the handler's result; -ENOSYS for a hole; -EPERM; -EFAULT.
 */
long subop_call(const struct subop *table, unsigned int nr_rows,
                unsigned int nr, u64 arg);

/* domctl, sysctl and platform_op take one struct each, which begins with the
 * operation's number and the version of the interface. */
struct control_header {
    u32 cmd;
    u32 interface_version;
};

/**
 * Copy the struct in, check its version, call, and copy it back: also when the
 * handler failed, for it may say why; not when it wants to be called again.
 *
 * @op  room for the private copy, `size` bytes
 *
 * Returns the handler's result; -EACCES for another version; -EFAULT.
 */
long control_call(u64 arg, void *op, size_t size, u32 version,
                  long (*handler)(void *op));

#endif
