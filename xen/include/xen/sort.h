/* SPDX-License-Identifier: MIT */
/* Sorting in place. */
#ifndef XEN_SORT_H
#define XEN_SORT_H

#include "xen/types.h"

/**
 * Sort nr elements of `size` bytes each; equal ones may change places.
 *
 * @compare  below 0, 0 or above 0 as a belongs before, beside or behind b
 *
 * Takes nr * log(nr) steps at most, no memory and no recursion.
 */
void sort(void *base, size_t nr, size_t size,
          int (*compare)(const void *a, const void *b));

#endif
