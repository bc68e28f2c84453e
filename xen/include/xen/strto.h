/* SPDX-License-Identifier: MIT */
/* Numbers in text, as boot options have them. */
#ifndef XEN_STRTO_H
#define XEN_STRTO_H

#include "xen/types.h"

/**
 * Read an unsigned number and move *s behind it.
 *
 * @base  2..16, or 0: "0x" means 16, a further leading "0" 8, else 10
 *
 * Returns 0; -EINVAL if there is no digit at *s; -ERANGE if the number does
 *         not fit in 64 bits. On error *s does not move.
 */
int __must_check parse_uint(const char **s, unsigned int base, u64 *out);

/**
 * As parse_uint() with base 0, for a size in bytes: an optional suffix B, K,
 * M, G or T (or small) multiplies. Without one the number counts KiB.
 */
int __must_check parse_size(const char **s, u64 *bytes_out);

#endif
