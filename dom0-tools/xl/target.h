/* SPDX-License-Identifier: MIT */
/* A file that is written under another name until it is whole. */
#ifndef XL_TARGET_H
#define XL_TARGET_H

#include "lib/error.h"

struct target {
    const char *path;
    char *partial; /* NULL: written in place, since it is no plain file */
    int fd;
};

/* Begin. Returns 0; -errno (STREAM). */
int target_open(struct target *t, const char *path, struct error **err_out);

/* It is whole: on the disk, under its name. Returns 0; -errno (STREAM). */
int target_settle(void *target, struct error **err_out);

/* End; whatever is not settled goes away. */
void target_close(struct target *t);

/* The error for a file, by errno: what can't be done with it. */
int target_fail(const char *path, const char *what, struct error **err_out);

#endif
