/* SPDX-License-Identifier: MIT */
/* Files that a guest starts from: its kernel, unpacked and read, and its RAM
 * disk. */
#ifndef BUILD_KERNEL_H
#define BUILD_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "xen/kimage.h"

#include "lib/error.h"

/* An open file, whose bytes go from there to the guest. */
struct file_data {
    bool is_open;
    int fd;
    size_t size;
};

/**
 * Open a file and look how long it is.
 *
 * @what  that it is, for the error
 *
 * Returns 0; -errno (IMAGE) where it can't be read, is empty or is larger than
 *         1 GiB.
 */
int file_data_open(const char *what, const char *path, struct file_data *file,
                   struct error **err_out);
void file_data_close(struct file_data *file);

/* A kernel ready to be placed. */
struct kernel {
    struct file_data file; /* that the segments are in; not open: in memory */
    void *packed;          /* bytes of the file, or NULL */
    void *unpacked;        /* NULL where the file is not packed, or was kept */
    void *mapped;          /* what was kept of an earlier one, or NULL */
    struct kimage image;
};

/**
 * Read a kernel, unpack it and read its notes.
 *
 * Returns 0; -errno (IMAGE) with what is wrong with it.
 */
int kernel_read(const char *path, struct kernel *kernel,
                struct error **err_out);
void kernel_free(struct kernel *kernel);

#endif
