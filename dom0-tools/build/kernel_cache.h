/* SPDX-License-Identifier: MIT */
/*
 * Unpacked kernels, kept for the next guest: to unpack one takes longer than
 * all the rest of a create.
 *
 *   <sha256 of the packed file>.elf    what came out of it
 *   file.<device>.<inode>.<size>.<time>.<time>   a link to that, for a file
 * that is as it was when it was hashed
 *
 * The folder belongs to root and nobody else may write there; one that does not
 * is not used. Entries come by renaming, so that a reader finds a whole one or
 * none, and many may create at once. What can't be written, as on a read-only
 * file system, is not kept, and no error. When there are too many bytes the
 * entries that were used longest ago go.
 */
#ifndef BUILD_KERNEL_CACHE_H
#define BUILD_KERNEL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* XENIA_KERNEL_CACHE in the environment says another folder, as tests do. */
#define KERNEL_CACHE_FOLDER "/var/cache/xen/kernels"

/* Bytes of entries that stay. */
#define KERNEL_CACHE_MAX (512UL << 20)

/**
 * Find what came out of a file, by what fstat() says of it: nothing of it is
 * read. Only files that were at rest when they were hashed are found so.
 *
 * Returns a descriptor that the caller closes, or -1.
 */
int kernel_cache_find_file(const struct stat *st);

/**
 * Find what came out of these bytes, and remember the file.
 *
 * @key_out  name of the entry, for kernel_cache_keep()
 *
 * Returns a descriptor that the caller closes, or -1.
 */
#define KERNEL_CACHE_KEY_SIZE 69
int kernel_cache_find(const struct stat *st, const void *packed, size_t size,
                      char *key_out);

/* Keep what came out of the file of that key. */
void kernel_cache_keep(const struct stat *st, const char *key, const void *elf,
                       size_t size);

#endif
