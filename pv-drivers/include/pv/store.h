/* SPDX-License-Identifier: MIT */
/* Nodes of a device: a name below its path. */
#ifndef PV_STORE_H
#define PV_STORE_H

#include "pv/text.h"

/** A node's value as text. Errors as os_store_read(). */
int store_read(const char *path, const char *name, char *value, size_t size);

/** A node's value as a number. -EINVAL, -ERANGE if it is none. */
int store_read_u64(const char *path, const char *name, uint64_t *out);
int store_read_u32(const char *path, const char *name, uint32_t *out);

/** The same, where a missing or wrong one stands for a default. */
uint64_t store_read_or(const char *path, const char *name, uint64_t otherwise);

/** Write a node. */
int store_write(uint32_t transaction, const char *path, const char *name,
                const char *value);
int store_write_u64(uint32_t transaction, const char *path, const char *name,
                    uint64_t value);

struct store_number {
    const char *name;
    uint64_t value;
};

/** Write nodes until one can't be written. */
int store_write_numbers(uint32_t transaction, const char *path,
                        const struct store_number numbers[], size_t nr);

/**
 * Call write() in a transaction, again as long as others interfere.
 *
 * Returns what it returns, or an error of the store.
 */
int store_transact(int (*write)(void *arg, uint32_t transaction), void *arg);

#endif
