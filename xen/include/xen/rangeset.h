/* SPDX-License-Identifier: MIT */
/*
 * Sets of numbers as sorted, inclusive ranges that neither overlap nor touch.
 * A set has no lock of its own: its owner says what protects it.
 */
#ifndef XEN_RANGESET_H
#define XEN_RANGESET_H

#include "xen/types.h"

struct rangeset;

/**
 * An empty set that never holds more than max_ranges separate ranges.
 *
 * Returns NULL if there is no memory.
 */
struct rangeset *rangeset_new(unsigned int max_ranges);

/** Free a set and its ranges; nothing for NULL. */
void rangeset_destroy(struct rangeset *r);

/**
 * Add or remove first..last.
 *
 * Returns 0; -EINVAL if first > last; -ENOSPC if the result has too many
 *         ranges; -ENOMEM. On error the set is as it was.
 */
int __must_check rangeset_add(struct rangeset *r, u64 first, u64 last);
int __must_check rangeset_remove(struct rangeset *r, u64 first, u64 last);

/** All of first..last is in the set. A NULL set is empty. */
bool rangeset_contains(const struct rangeset *r, u64 first, u64 last);

/** Some of first..last is in the set. */
bool rangeset_overlaps(const struct rangeset *r, u64 first, u64 last);

bool rangeset_empty(const struct rangeset *r);

/**
 * Call fn for each range in growing order, until it returns other than 0.
 *
 * Returns what the last call returned; 0 for an empty set.
 */
int rangeset_for_each(const struct rangeset *r,
                      int (*fn)(u64 first, u64 last, void *arg), void *arg);

#endif
