/* SPDX-License-Identifier: MIT */
/*
 * One change of the store, as a value: transactions keep what they did as a
 * list of them, and so does the journal. No I/O.
 */
#ifndef XENSTORE_CHANGE_H
#define XENSTORE_CHANGE_H

#include "mem.h"
#include "store.h"

enum change_type {
    CHANGE_WRITE = 1, /* set a value; create what is missing */
    CHANGE_MKDIR,     /* create what is missing */
    CHANGE_RM,        /* remove, if it is there */
    CHANGE_PERMS,     /* set permissions, if it is there */
};

struct change {
    enum change_type type;
    domid_t domid;    /* who does it */
    const char *path; /* as wire_path() makes them */
    const char *data; /* value; for CHANGE_PERMS an array of struct perm */
    unsigned int len; /* bytes of data, 0..65535 */
};

/** Append a change to a list. */
void change_add(struct buf *list, const struct change *c);

/**
 * Change at the start of len bytes; its path and data stay there.
 *
 * Returns the bytes that it takes, or 0 if it is not whole or not sound.
 */
size_t change_read(const char *at, size_t len, struct change *out);

/** Make the change, which is allowed, in one version of the store. */
void change_apply(struct node **root, const struct change *c,
                  const struct charge *charge);

#endif
