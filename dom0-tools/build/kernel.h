/* SPDX-License-Identifier: MIT */
/* Files that a guest starts from: its kernel, unpacked and read, and its RAM
 * disk. */
#ifndef BUILD_KERNEL_H
#define BUILD_KERNEL_H

#include <stddef.h>

#include "xen/kimage.h"

#include "lib/error.h"

/* A file in memory; private to this process, so its contents stay. */
struct file_data {
    void *data;
    size_t size;
};

/**
 * Read a whole file.
 *
 * @what  that it is, for the error
 *
 * Returns 0; -errno (IMAGE) where it can't be read, is empty or is larger than
 *         1 GiB.
 */
int file_data_read(const char *what, const char *path, struct file_data *file,
                   struct error **err_out);
void file_data_free(struct file_data *file);

/* A kernel ready to be placed. */
struct kernel {
    struct file_data file;
    void *unpacked; /* NULL where the file is not packed */
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
