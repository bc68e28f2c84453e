/* SPDX-License-Identifier: MIT */
/* Least privilege: what a daemon gives up once it has opened what it needs. */
#ifndef DAEMONS_CONFINE_H
#define DAEMONS_CONFINE_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A file, or a folder with all that is below it. */
struct confine_path {
    int fd;          /* with O_PATH at least; below 0: there is none */
    uint64_t access; /* LANDLOCK_ACCESS_FS_* */
};

/** The system calls of one daemon. */
struct confine_calls {
    const int *calls; /* with any arguments, besides those that all make */
    size_t nr_calls;
    const char *devices; /* letters of the ioctl()s of Linux's xen devices */
    bool opens_files;    /* in folders that are open */
    int (*allow)(scmp_filter_ctx filter); /* more rules; may be NULL */
};

/** No capabilities, and none to get. Returns 0 or -errno. */
int confine_privileges(void);

/** Of all files, only these can be used by name from now on, where the kernel
 * knows Landlock. Needs confine_privileges(). Returns 0 or -errno. */
int confine_files(const struct confine_path *paths, size_t nr);

/** All other system calls fail with EPERM from now on, and nothing gets
 * executable any more. Returns 0 or -errno. */
int confine_calls(const struct confine_calls *what);

#endif
